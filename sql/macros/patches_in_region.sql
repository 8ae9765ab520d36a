-- Which patches touch a region that has a name?
-- region_name: name or code as in `regions`, letter case as there: 'Brazil', 'BRA',
-- 'Africa', 'US-CA'.
-- One row a patch, as in `patches`; none if no region is called so.
CREATE OR REPLACE MACRO patches_in_region(region_name) AS TABLE
    SELECT *
    FROM patches
    WHERE id IN (
        SELECT near.id
        FROM patches AS near
        INNER JOIN (
            SELECT geometry
            FROM regions
            WHERE region_name IN (name, name_long, code)
        ) AS pieces
            ON ST_Intersects(near.geometry, pieces.geometry)
    )
