-- Bounding box of a region.
-- $kind, $name: as in `regions`.
-- One row: degrees (OGC:CRS84).
SELECT
    min(xmin) AS west,
    min(ymin) AS south,
    max(xmax) AS east,
    max(ymax) AS north
FROM regions
WHERE kind = $kind AND name = $name
