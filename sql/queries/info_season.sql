-- How many patches are there by season?
-- One row a value: patches, and how many of them are complete; null is a value too.
SELECT
    season,
    count(*) AS patches,
    count(*) FILTER (complete) AS complete
FROM patches
GROUP BY season
ORDER BY patches DESC, season ASC
