-- Totals of a catalog.
-- $sensors: list of sensors.
-- One row: counts, missing files by sensor, and the extent in degrees (OGC:CRS84).
SELECT
    count(*) AS patches,
    count(DISTINCT scene_id) AS scenes,
    count(DISTINCT country) AS countries,
    count(*) FILTER (complete) AS complete,
    count(*) - count(COLUMNS($sensors)) AS "without_\0",
    count(*) FILTER (len(issues) > 0) AS with_issues,
    min(xmin) AS west,
    min(ymin) AS south,
    max(xmax) AS east,
    max(ymax) AS north
FROM patches
