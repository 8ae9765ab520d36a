-- Patches that intersect a region that has a name.
-- region_name: a name or code as in `named_regions`: 'Brazil', 'BRA', 'South Korea', 'Africa',
-- 'US-CA', 'state:Georgia'.
-- One row per patch, as in `patches`; an error if no region is called so, or several places are.
CREATE OR REPLACE MACRO patches_in_region(region_name) AS TABLE
    WITH called AS (
        SELECT
            CASE count(*)
                WHEN 0
                    THEN error(
                        'there is no region ' || coalesce(region_name, 'NULL') || coalesce(
                            ': did you mean ' || (
                                SELECT string_agg(DISTINCT called, ' or ')
                                FROM region_names
                                WHERE
                                    jaro_winkler_similarity(spelling, folded(region_name)) > 0.9
                                    AND called != upper(called)  -- not a code
                            ) || '?',
                            ': FROM region_names lists them'
                        )
                    )
                WHEN 1 THEN any_value({'kind': kind, 'name': name})
                ELSE error(
                    region_name || ' means more than one region: write '
                    || string_agg(kind || ':' || name, ' or ')
                )
            END AS place
        FROM named_regions(region_name)
    ),

    pieces AS (
        SELECT regions.geometry
        FROM regions
        INNER JOIN called ON regions.kind = called.place.kind AND regions.name = called.place.name
    )

    SELECT *
    FROM patches
    WHERE
        id IN (
            SELECT near.id
            FROM patches AS near
            INNER JOIN pieces ON ST_Intersects(near.geometry, pieces.geometry)
        )
