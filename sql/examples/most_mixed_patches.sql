-- Patches with the most mixed land cover.
-- One row per patch: the ten with the highest class entropy, in bits.
SELECT
    id,
    country,
    labels(cover, 0.1) AS labels,
    round(class_entropy(cover), 3) AS entropy
FROM patches
ORDER BY class_entropy(cover) DESC, id ASC
LIMIT 10
