-- How is a selection asked in plain SQL?
-- $season, $local_season, $split: lists of names; $sensors: list of sensors whose file is there.
-- $complete: true or false; $expression: one more condition over `patches`.
-- $bounds, $shares: lists of equal length, as `cover_forest_low` and 0.5 in `select`.
-- $kind, $name: of the region in `regions`, or else $shape: its WKT, degrees (OGC:CRS84).
-- $predicate: `intersects`, `within` or `centroid`; $ids: list of ids, none but these.
-- A parameter that is null filters nothing.
-- One row: the text of a query over `patches` that gives the same patches in the same order.
WITH templates AS (
    SELECT
        'id IN (
        SELECT patches.id
        FROM patches
        INNER JOIN regions ON ST_Intersects({}, regions.geometry)
        WHERE regions.kind = ''{}'' AND regions.name = ''{}''
    )' AS touches_region,
        'ST_Within(geometry, (
        SELECT ST_Union_Agg(geometry)
        FROM regions
        WHERE kind = ''{}'' AND name = ''{}''
    ))' AS within_region,
        $predicate = 'within' AS within,
        CASE $predicate
            WHEN 'centroid' THEN 'centre(patches.geometry)'
            ELSE 'patches.geometry'
        END AS place
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
        7 AS position,
        format(
            if(within, 'ST_Within({}, {})', 'ST_Intersects({}, {})'),
            place,
            'ST_GeomFromText(''' || $shape || ''')'
        )
    FROM templates
    UNION ALL
    SELECT
        8 AS position,
        if(
            within,
            format(within_region, $kind, replace($name, '''', '''''')),
            format(touches_region, place, $kind, replace($name, '''', ''''''))
        )
    FROM templates
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
