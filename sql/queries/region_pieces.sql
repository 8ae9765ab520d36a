-- Polygons of the regions, each once.
-- One row per polygon: WKB, degrees (OGC:CRS84), and the regions that it is a part of, each as
-- kind:name.
SELECT
    ST_AsWKB(geometry) AS wkb,
    list_sort(list(DISTINCT kind || ':' || name)) AS owners
FROM regions
GROUP BY wkb
ORDER BY wkb
