-- Files of the selected patches, on disk or in archives.
-- $sensors: list of sensors; $sizes: list of their columns in `file_sizes`.
-- One row per file: key, sensor, path, bytes, and for one in an archive the archive as it was
-- indexed, name in it and byte of the decompressed archive.
SELECT
    files.season,
    files.scene,
    files.patch,
    files.sensor,
    files.path,
    files.size,
    members.archive AS indexed,
    members.member,
    members."offset"
FROM (
    SELECT
        chosen.id,
        chosen.season,
        chosen.scene,
        chosen.patch,
        unnest($sensors) AS sensor,
        unnest(list_value(*COLUMNS($sensors))) AS path,
        unnest(list_value(*COLUMNS($sizes))) AS size
    FROM chosen
    INNER JOIN file_sizes ON chosen.id = file_sizes.id
) AS files
LEFT JOIN members ON files.id = members.id AND files.sensor = members.sensor
WHERE files.path IS NOT NULL
ORDER BY files.season, files.scene, files.patch, files.sensor
