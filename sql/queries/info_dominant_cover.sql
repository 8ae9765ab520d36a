-- How many patches are there by dominant cover?
-- One row a value: patches, and how many of them are complete; null is a value too.
SELECT
    dominant_cover,
    count(*) AS patches,
    count(*) FILTER (complete) AS complete
FROM patches
GROUP BY dominant_cover
ORDER BY patches DESC, dominant_cover ASC
