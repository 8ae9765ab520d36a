-- Which scenes are the chosen patches from?
-- One row a scene: how many patches are chosen, the split, country and dominant cover of most of
-- them, and their bounding box, degrees (OGC:CRS84).
SELECT
    patches.scene_id,
    patches.season,
    patches.scene,
    count(*) AS patches,
    mode(patches.split) AS split,
    mode(patches.country) AS country,
    mode(patches.dominant_cover) AS dominant_cover,
    min(patches.xmin) AS west,
    min(patches.ymin) AS south,
    max(patches.xmax) AS east,
    max(patches.ymax) AS north
FROM patches
INNER JOIN chosen ON patches.id = chosen.id
GROUP BY patches.scene_id, patches.season, patches.scene
ORDER BY patches.season, patches.scene
