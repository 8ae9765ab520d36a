-- Which of the chosen patches have their centre in a region?
-- $pieces: the region as a list of polygons (WKB), degrees (OGC:CRS84).
-- One row a patch, as in `chosen`.
SELECT *
FROM chosen
WHERE
    id IN (
        SELECT centre.id
        FROM (SELECT
            id,
            centre(geometry) AS point
        FROM chosen) AS centre
        INNER JOIN (SELECT ST_GeomFromWKB(unnest($pieces)) AS piece) AS region
            ON ST_Intersects(centre.point, region.piece)
    )
ORDER BY season, scene, patch
