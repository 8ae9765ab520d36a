-- Files of the selected patches, with their sizes.
-- $sensors: list of sensors.
-- One row per patch: season, official split and dominant cover, and path and bytes of each file;
-- null where it is missing.
SELECT
    chosen.id,
    chosen.season,
    chosen.split,
    chosen.dominant_cover,
    COLUMNS($sensors),
    file_sizes.* EXCLUDE (id)
FROM chosen
INNER JOIN file_sizes ON chosen.id = file_sizes.id
ORDER BY chosen.season, chosen.scene, chosen.patch
