-- Where are the files of the chosen patches, on disk or in archives?
-- $sensors: list of s1, s2, lc; $old, $new: what paths start with, and what to put in its place;
-- null to leave them.
-- One row a file: key, sensor, path as in `patches`, bytes, and for one in an archive the archive
-- as it was indexed, the archive now, name in it and byte of the unpacked archive.
WITH files AS (
    SELECT
        chosen.id,
        chosen.season,
        chosen.scene,
        chosen.patch,
        unnest([
            {'sensor': 's1', 'path': chosen.s1, 'size': items.assets.s1."file:size"},
            {'sensor': 's2', 'path': chosen.s2, 'size': items.assets.s2."file:size"},
            {'sensor': 'lc', 'path': chosen.lc, 'size': items.assets.lc."file:size"}
        ]) AS file
    FROM chosen
    INNER JOIN read_parquet(getvariable('items')) AS items ON chosen.id = items.id
)

SELECT
    files.season,
    files.scene,
    files.patch,
    files.file.sensor AS sensor,
    rebase(files.file.path, $old, $new) AS path,
    files.file.size AS size,
    members.archive AS indexed,
    substr(rebase('/vsitar/{' || members.archive, $old, $new), 10) AS archive,
    members.member,
    members."offset"
FROM files
LEFT JOIN members ON files.id = members.id AND files.file.sensor = members.sensor
WHERE files.file.path IS NOT NULL AND list_contains($sensors, files.file.sensor)
ORDER BY files.season, files.scene, files.patch, sensor
