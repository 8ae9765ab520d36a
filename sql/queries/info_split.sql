-- How many patches are there by split?
-- One row a value: patches, and how many of them are complete; null is a value too.
SELECT
    split,
    count(*) AS patches,
    count(*) FILTER (complete) AS complete
FROM patches
GROUP BY split
ORDER BY patches DESC, split ASC
