-- A few of the selected patches that give an impression of all.
-- $sensors: list of sensors; $count: how many patches.
-- One row per patch: of each dominant cover in turn the one with the least MD5, so that the same
-- patches are shown everywhere.
SELECT
    id,
    country,
    dominant_cover,
    COLUMNS($sensors)
FROM chosen
ORDER BY
    row_number() OVER (PARTITION BY dominant_cover ORDER BY md5(id)),
    dominant_cover,
    id
LIMIT $count
