-- How is a selection asked in plain SQL?
-- $season, $local_season, $split: lists of names; $sensors: list of sensors whose file is there.
-- $complete: true or false; $expression: one more condition over `patches`.
-- $bounds, $shares: lists of equal length, as `cover_forest_low` and 0.5 in `select`.
-- $kinds, $names: lists of equal length, of regions in `regions`; $shape: all others, as one WKT,
-- degrees; $not_kinds, $not_names, $not_shape: the same of the regions that are left out.
-- $predicate: `intersects`, `within` or `centroid`; $ids: list of ids, none but these.
-- A parameter that is null filters nothing.
-- One row: the text of a query over `patches` that gives the same patches in the same order.
WITH asked AS (
    SELECT
        7 AS position,
        '' AS negation,
        $kinds::VARCHAR[] AS kinds,
        $names::VARCHAR[] AS names,
        $shape::VARCHAR AS shape
    UNION ALL
    SELECT
        8 AS position,
        'NOT ' AS negation,
        $not_kinds::VARCHAR[] AS kinds,
        $not_names::VARCHAR[] AS names,
        $not_shape::VARCHAR AS shape
),

written AS (
    SELECT
        position,
        negation,
        nullif(array_to_string(
            list_transform(
                list_zip(kinds, names),
                LAMBDA pair: format('(''{}'', ''{}'')', pair[1], replace(pair[2], '''', ''''''))
            ),
            ', '
        ), '') AS named,
        'ST_GeomFromText(''' || shape || ''')' AS drawn,
        CASE $predicate
            WHEN 'centroid' THEN 'centre(patches.geometry)'
            ELSE 'patches.geometry'
        END AS place
    FROM asked
),

places AS (
    SELECT
        position,
        negation,
        drawn,
        'id IN (
        SELECT patches.id
        FROM patches
        INNER JOIN regions ON ST_Intersects(' || place || ', regions.geometry)
        WHERE (regions.kind, regions.name) IN (' || named || ')
    )' AS touches_named,
        'ST_Intersects(' || place || ', ' || drawn || ')' AS touches_drawn,
        '(
        SELECT ST_Union_Agg(geometry)
        FROM regions
        WHERE (kind, name) IN (' || named || ')
    )' AS named_union
    FROM written
),

shares AS (
    SELECT
        unnest($bounds::VARCHAR[]) AS bound,
        unnest($shares::DOUBLE[]) AS share
),

conditions AS (
    SELECT
        1 AS position,
        'season IN (''' || array_to_string($season::VARCHAR[], ''', ''') || ''')' AS condition
    UNION ALL
    SELECT
        2 AS position,
        'local_season IN (''' || array_to_string($local_season::VARCHAR[], ''', ''') || ''')'
    UNION ALL
    SELECT
        3 AS position,
        'split IN (''' || array_to_string($split::VARCHAR[], ''', ''') || ''')'
    UNION ALL
    SELECT
        4 AS position,
        CASE $complete WHEN true THEN 'complete' WHEN false THEN 'NOT complete' END
    UNION ALL
    SELECT
        5 AS position,
        unnest($sensors::VARCHAR[]) || ' IS NOT NULL'
    UNION ALL
    SELECT
        6 AS position,
        format(
            if(contains(share::VARCHAR, 'e'), '{} {} {}', '{} {} {}e0'),
            regexp_replace(bound, '^(cover|igbp)_(.+)_(low|high)$', '\1.\2'),
            if(ends_with(bound, '_low'), '>=', '<='),
            share
        )
    FROM shares
    UNION ALL
    SELECT
        position,
        negation
        || CASE $predicate
            WHEN 'within'
                THEN 'ST_Within(geometry, ' || CASE list_count([named_union, drawn])
                    WHEN 2 THEN 'ST_Union(' || named_union || ', ' || drawn || ')'
                    ELSE coalesce(named_union, drawn)
                END || ')'
            ELSE CASE list_count([touches_named, touches_drawn])
                WHEN 2 THEN '(' || touches_named || chr(10) || '    OR ' || touches_drawn || ')'
                ELSE coalesce(touches_named, touches_drawn)
            END
        END
    FROM places
    UNION ALL
    SELECT
        9 AS position,
        '(' || $expression || chr(10) || '    )'
    UNION ALL
    SELECT
        10 AS position,
        'id IN (''' || array_to_string($ids::VARCHAR[], ''', ''') || ''')'
)

SELECT
    concat_ws(
        chr(10),
        'SELECT id, s1, s2, lc',
        'FROM patches',
        'WHERE' || chr(10) || '    '
        || string_agg(condition, chr(10) || '    AND ' ORDER BY position, condition),
        'ORDER BY season, scene, patch'
    ) AS query
FROM conditions
