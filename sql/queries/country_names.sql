-- Names of the countries by their codes.
-- One row per country: its ISO 3166-1 alpha-3 code, and what it is called.
SELECT DISTINCT
    country,
    country_name
FROM regions
WHERE kind = 'country' AND country IS NOT NULL
ORDER BY country
