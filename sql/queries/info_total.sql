-- Totals of a catalog.
-- No parameters.
-- One row: counts, missing files by sensor, and the extent in degrees (OGC:CRS84).
SELECT
    count(*) AS patches,
    count(DISTINCT scene_id) AS scenes,
    count(DISTINCT country) AS countries,
    count(*) FILTER (complete) AS complete,
    count(*) - count(s1) AS without_s1,
    count(*) - count(s2) AS without_s2,
    count(*) - count(lc) AS without_lc,
    count(*) FILTER (len(issues) > 0) AS with_issues,
    min(xmin) AS west,
    min(ymin) AS south,
    max(xmax) AS east,
    max(ymax) AS north
FROM patches
