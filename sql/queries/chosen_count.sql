-- Number of selected patches.
-- One row.
SELECT count(*) AS patches
FROM chosen
