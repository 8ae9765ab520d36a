-- What is in this catalog, all in all?
-- One row: counts, missing files, and the extent in degrees (OGC:CRS84).
SELECT
    count(*) AS patches,
    count(DISTINCT scene_id) AS scenes,
    count(DISTINCT country) AS countries,
    count(*) FILTER (complete) AS complete,
    count(*) FILTER (s1 IS NULL) AS without_s1,
    count(*) FILTER (s2 IS NULL) AS without_s2,
    count(*) FILTER (lc IS NULL) AS without_lc,
    count(*) FILTER (len(issues) > 0) AS with_issues,
    min(xmin) AS west,
    min(ymin) AS south,
    max(xmax) AS east,
    max(ymax) AS north
FROM patches
