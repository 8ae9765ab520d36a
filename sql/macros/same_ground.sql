-- Patches of two seasons that show the same ground.
-- first_season, second_season: seasons as in the file names.
-- One row per pair: both ids, and the share of the first patch that lies in the second, 0 to 1.
CREATE OR REPLACE MACRO same_ground(first_season, second_season) AS TABLE
    WITH first_patches AS (
        SELECT *
        FROM patches
        WHERE season = known_season(first_season)
    ),

    second_patches AS (
        SELECT *
        FROM patches
        WHERE season = known_season(second_season)
    )

    SELECT
        one.id AS first_id,
        two.id AS second_id,
        ST_Area(ST_Intersection(one.geometry, two.geometry)) / ST_Area(one.geometry) AS overlap
    FROM first_patches AS one
    INNER JOIN second_patches AS two
        ON ST_Intersects(one.geometry, two.geometry)
    WHERE one.id != two.id
    ORDER BY first_id, second_id
