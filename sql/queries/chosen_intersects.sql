-- Which of the chosen patches touch a region?
-- $pieces: the region as a list of polygons (WKB), degrees (OGC:CRS84).
-- One row a patch, as in `chosen`.
SELECT *
FROM chosen
WHERE id IN (
    SELECT chosen.id
    FROM chosen
    INNER JOIN (SELECT ST_GeomFromWKB(unnest($pieces)) AS piece) AS region
        ON ST_Intersects(chosen.geometry, region.piece)
)
ORDER BY season, scene, patch
