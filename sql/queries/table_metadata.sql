-- Collection in the metadata of a footprint table.
-- $items: path or URL of items.parquet.
-- One row: stac-geoparquet's JSON; none if another program wrote the table.
SELECT decode(value) AS metadata
FROM parquet_kv_metadata($items)
WHERE decode(key) = 'stac-geoparquet'
