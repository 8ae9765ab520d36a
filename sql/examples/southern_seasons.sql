-- Scenes where the season in the name is not the actual one.
-- One row per season in the file name and on the ground: scenes and patches.
SELECT
    season,
    local_season,
    count(DISTINCT scene_id) AS scenes,
    count(*) AS patches
FROM patches
GROUP BY season, local_season
ORDER BY season, local_season
