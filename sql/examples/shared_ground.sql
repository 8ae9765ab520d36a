-- Scenes of different seasons that show the same ground, so that a split by scene leaks.
-- One row per pair of scenes: how many pairs of patches overlap, and the largest overlap, 0 to 1.
WITH pairs AS (
    SELECT
        one.scene_id AS first_scene,
        two.scene_id AS second_scene,
        ST_Area(ST_Intersection(one.geometry, two.geometry)) / ST_Area(one.geometry) AS overlap
    FROM patches AS one
    INNER JOIN patches AS two ON ST_Intersects(one.geometry, two.geometry)
    WHERE one.scene_id < two.scene_id
)

SELECT
    first_scene,
    second_scene,
    count(*) AS pairs,
    round(max(overlap), 3) AS largest_overlap
FROM pairs
WHERE overlap > 0
GROUP BY first_scene, second_scene
ORDER BY first_scene, second_scene
