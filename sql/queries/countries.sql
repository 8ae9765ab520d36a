-- Outlines of the countries.
-- $degrees: how far a line may be moved to save points.
-- One row per country: its name, and its outline as GeoJSON, degrees (OGC:CRS84).
SELECT
    name,
    ST_AsGeoJSON(
        ST_ReducePrecision(ST_SimplifyPreserveTopology(ST_Union_Agg(geometry), $degrees), 0.001)
    ) AS geometry
FROM regions
WHERE kind = 'country'
GROUP BY name
ORDER BY name
