-- Collection of the items of a footprint table, and the names of its columns.
-- $items: path or URL of items.parquet.
-- One row, or none if the table is empty.
SELECT
    collection,
    (SELECT list(name) FROM parquet_schema($items)) AS columns
FROM read_parquet($items)
ORDER BY collection
LIMIT 1
