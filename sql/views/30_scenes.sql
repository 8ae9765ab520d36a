-- Scenes.
-- One row per scene; coordinates are degrees (OGC:CRS84), geometry is the bounding box of its
-- patches; country, continent and dominant_cover are those of most patches.
CREATE OR REPLACE VIEW scenes AS
SELECT
    scene_id,
    season,
    scene,
    any_value(local_season) AS local_season,
    count(*) AS patches,
    count(*) FILTER (complete) AS complete,
    mode(country) AS country,
    mode(continent) AS continent,
    CASE WHEN count(DISTINCT split) = 1 THEN any_value(split) END AS split,
    any_value(crs) AS crs,
    min(xmin) AS xmin,
    min(ymin) AS ymin,
    max(xmax) AS xmax,
    max(ymax) AS ymax,
    mode(dominant_cover) AS dominant_cover,
    format(
        'POLYGON (({0} {1}, {2} {1}, {2} {3}, {0} {3}, {0} {1}))',
        min(xmin), min(ymin), max(xmax), max(ymax)
    )::GEOMETRY AS geometry
FROM patches
GROUP BY scene_id, season, scene
