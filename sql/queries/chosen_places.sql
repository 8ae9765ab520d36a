-- Where are the chosen patches, and what are they like?
-- One row a patch: keys, what a study sorts patches by, and the footprint as WKB, degrees
-- (OGC:CRS84).
SELECT
    chosen.id,
    chosen.season,
    chosen.scene,
    patches.scene_id,
    patches.local_season,
    patches.country,
    patches.continent,
    patches.split,
    patches.dominant_igbp,
    patches.dominant_cover,
    patches.lon,
    patches.lat,
    ST_AsWKB(chosen.geometry) AS geometry
FROM chosen
INNER JOIN patches ON chosen.id = patches.id
ORDER BY chosen.season, chosen.scene, chosen.patch
