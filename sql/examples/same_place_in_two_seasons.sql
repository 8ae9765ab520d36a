-- Pairs of patches of fall and winter that share at least half of their ground.
-- One row per pair: both ids, and the share of the first that lies in the second, 0 to 1.
SELECT
    first_id,
    second_id,
    round(overlap, 3) AS overlap
FROM same_ground('fall', 'winter')
WHERE overlap >= 0.5
ORDER BY overlap DESC, first_id ASC, second_id ASC
