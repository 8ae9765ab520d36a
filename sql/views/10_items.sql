-- Footprint table, as `index` wrote it.
-- One row per patch: the columns of items.parquet, whose path is in the variable `items`.
CREATE OR REPLACE VIEW items AS
SELECT * FROM read_parquet(getvariable('items'))
