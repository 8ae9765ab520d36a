-- How many patches are there by continent?
-- One row a value: patches, and how many of them are complete; null is a value too.
SELECT
    continent,
    count(*) AS patches,
    count(*) FILTER (complete) AS complete
FROM patches
GROUP BY continent
ORDER BY patches DESC, continent ASC
