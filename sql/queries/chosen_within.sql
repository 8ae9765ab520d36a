-- Which of the chosen patches lie wholly in a region?
-- $pieces: the region as a list of polygons (WKB), degrees (OGC:CRS84).
-- One row a patch, as in `chosen`.
SELECT *
FROM chosen
WHERE
    ST_Within(
        geometry,
        (
            SELECT ST_Union_Agg(piece)
            FROM (SELECT ST_GeomFromWKB(unnest($pieces)) AS piece) AS region
        )
    )
ORDER BY season, scene, patch
