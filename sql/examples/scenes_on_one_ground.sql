-- Pairs of scenes that overlap.
-- One row per pair of scenes: their ids, and how many pairs of their patches overlap.
SELECT
    one.scene_id AS first_scene,
    two.scene_id AS second_scene,
    count(*) AS pairs
FROM overlapping_pairs() AS pair
INNER JOIN patches AS one ON pair.first_id = one.id
INNER JOIN patches AS two ON pair.second_id = two.id
WHERE one.scene_id != two.scene_id
GROUP BY one.scene_id, two.scene_id
ORDER BY pairs DESC, first_scene ASC, second_scene ASC
