-- Pairs of patches that share ground.
-- One row per pair, each pair once: both ids, in order. Corners and edges count as ground.
-- The join is by boxes, which is fast; CASE keeps the exact test, and ids, out of it.
CREATE OR REPLACE MACRO overlapping_pairs() AS TABLE
    WITH near AS (
        SELECT
            one.id AS first_id,
            two.id AS second_id,
            one.geometry AS first_geometry,
            two.geometry AS second_geometry
        FROM patches AS one
        INNER JOIN patches AS two
            ON ST_Intersects_Extent(one.geometry, two.geometry)
    )

    SELECT
        first_id,
        second_id
    FROM near
    WHERE
        CASE
            WHEN first_id < second_id THEN ST_Intersects(first_geometry, second_geometry)
            ELSE false
        END
