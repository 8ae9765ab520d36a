-- Scenes of the selected patches.
-- One row per scene: how many patches are selected, the split, country and dominant cover of most
-- of them, and their bounding box, degrees (OGC:CRS84).
SELECT
    scene_id,
    season,
    scene,
    count(*) AS patches,
    mode(split) AS split,
    mode(country) AS country,
    mode(dominant_cover) AS dominant_cover,
    min(xmin) AS west,
    min(ymin) AS south,
    max(xmax) AS east,
    max(ymax) AS north
FROM chosen
GROUP BY scene_id, season, scene
ORDER BY season, scene
