-- Centres of all scenes.
-- One row per scene: country, and the middle of its bounding box, degrees (OGC:CRS84).
SELECT
    scene_id,
    country,
    (xmin + xmax) / 2 AS lon,
    (ymin + ymax) / 2 AS lat
FROM scenes
ORDER BY season, scene
