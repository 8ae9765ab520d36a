-- Selected patches in a box, to draw a map.
-- $west, $south, $east, $north: degrees (OGC:CRS84); patches whose bounding box touches that box.
-- $most: how many patches at most, those with the lowest season, scene and patch.
-- One row a patch: keys, dominant cover, and the footprint as GeoJSON, to a tenth of a metre.
SELECT
    id,
    scene_id,
    season,
    scene,
    patch,
    dominant_cover,
    ST_AsGeoJSON(ST_ReducePrecision(geometry, 0.000001)) AS geometry
FROM chosen
WHERE
    xmin <= $east AND xmax >= $west
    AND ymin <= $north AND ymax >= $south
ORDER BY season, scene, patch
LIMIT $most
