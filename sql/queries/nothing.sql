-- Nothing of the selected patches, to see whether they can be selected.
-- No row.
SELECT id
FROM chosen
ORDER BY id
LIMIT 0
