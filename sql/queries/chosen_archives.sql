-- Archives that hold the files of the selected patches.
-- $sensors: list of sensors; $sizes: list of their columns in `file_sizes`.
-- One row per archive: season, sensor, absolute path of the archive as it was indexed (null for
-- files on disk, and for those that the catalog does not have), how many files, how many of them
-- the catalog has, and the bytes of these.
SELECT
    files.season,
    files.sensor,
    members.archive,
    count(*) AS files,
    count(files.path) AS known,
    coalesce(sum(files.size), 0)::BIGINT AS bytes
FROM (
    SELECT
        chosen.id,
        chosen.season,
        unnest($sensors) AS sensor,
        unnest(list_value(*COLUMNS($sensors))) AS path,
        unnest(list_value(*COLUMNS($sizes))) AS size
    FROM chosen
    INNER JOIN file_sizes ON chosen.id = file_sizes.id
) AS files
LEFT JOIN members ON files.id = members.id AND files.sensor = members.sensor
GROUP BY files.season, files.sensor, members.archive
ORDER BY files.season, files.sensor, members.archive NULLS FIRST
