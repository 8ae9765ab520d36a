-- Collection of the items of a footprint table.
-- $items: path or URL of items.parquet.
-- One row, or none if the table is empty.
SELECT collection
FROM read_parquet($items)
ORDER BY collection
LIMIT 1
