-- Selected patches as a flat table.
-- $sensors: list of sensors.
-- One row a patch: keys, place, paths, and the share of each simplified class, 0 to 1.
SELECT
    id,
    season,
    local_season,
    scene,
    patch,
    country,
    continent,
    split,
    dominant_igbp,
    dominant_cover,
    lon,
    lat,
    crs,
    COLUMNS($sensors),
    unnest(cover)
FROM chosen
ORDER BY season, scene, patch
