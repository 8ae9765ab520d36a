-- Attach a `catalog.duckdb` to read it.
-- $path: its file.
ATTACH $path AS catalog (READ_ONLY)
