-- Footprints of the selected patches, and what a study sorts patches by.
-- One row per patch: keys, columns to stratify by, and the footprint as WKB, degrees (OGC:CRS84).
SELECT
    id,
    season,
    scene,
    scene_id,
    local_season,
    country,
    continent,
    split,
    dominant_igbp,
    dominant_cover,
    lon,
    lat,
    ST_AsWKB(geometry) AS geometry
FROM chosen
ORDER BY season, scene, patch
