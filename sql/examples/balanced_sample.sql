-- Five patches of each simplified class.
-- One row per patch: class, id and the paths of the inputs.
SELECT
    dominant_cover,
    id,
    s1,
    s2
FROM stratified_sample('dominant_cover', 5, 42)
ORDER BY dominant_cover, id
