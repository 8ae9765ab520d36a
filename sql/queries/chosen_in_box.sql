-- Which of the chosen patches are in sight?
-- $west, $south, $east, $north: degrees (OGC:CRS84); patches whose bounding box touches that box.
-- $most: how many patches at most, those with the lowest season, scene and patch.
-- One row a patch: keys, dominant cover, and the footprint as GeoJSON, to a tenth of a metre.
SELECT
    patches.id,
    patches.scene_id,
    patches.season,
    patches.scene,
    patches.patch,
    patches.dominant_cover,
    ST_AsGeoJSON(ST_ReducePrecision(patches.geometry, 0.000001)) AS geometry
FROM patches
INNER JOIN chosen ON patches.id = chosen.id
WHERE
    patches.xmin <= $east AND patches.xmax >= $west
    AND patches.ymin <= $north AND patches.ymax >= $south
ORDER BY patches.season, patches.scene, patches.patch
LIMIT $most
