-- Which of the chosen patches touch a region?
-- $pieces: the region as a list of polygons (WKB), degrees (OGC:CRS84).
-- One row a patch, as in `chosen`.
SELECT *
FROM chosen
WHERE
    id IN (
        SELECT near.id
        FROM chosen AS near
        INNER JOIN (SELECT ST_GeomFromWKB(unnest($pieces)) AS piece) AS region
            ON ST_Intersects(near.geometry, region.piece)
    )
ORDER BY season, scene, patch
