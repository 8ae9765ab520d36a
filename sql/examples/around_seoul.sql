-- Scenes within 60 km of Seoul, in any season.
-- One row per scene: its patches there, and the distance of the nearest in kilometres.
SELECT
    scene_id,
    local_season,
    count(*) AS patches,
    round(min(distance_km), 1) AS nearest_km
FROM patches_near(126.98, 37.57, 60)
GROUP BY scene_id, local_season
ORDER BY nearest_km, scene_id
