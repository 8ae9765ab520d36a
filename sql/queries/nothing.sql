-- No row of the selected patches, to test whether the selection is valid SQL.
-- No row.
SELECT id
FROM chosen
ORDER BY id
LIMIT 0
