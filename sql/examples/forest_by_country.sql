-- Forest by country.
-- One row per country: patches, and the mean share of forest, 0 to 1.
SELECT
    country,
    count(*) AS patches,
    round(avg(cover.forest), 3) AS forest
FROM patches
GROUP BY country
ORDER BY forest DESC, country ASC
