-- Items of one scene.
-- $season: the season in the names of its files; $scene: its number.
-- One row per patch, by its number: id and title.
SELECT
    id,
    title
FROM items
WHERE "sen12ms:season" = $season AND "sen12ms:scene" = $scene
ORDER BY "sen12ms:patch"
