-- Where is the footprint table?
-- $items: path or URL of items.parquet.
SET VARIABLE items = $items
