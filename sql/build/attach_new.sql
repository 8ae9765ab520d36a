-- Attach a new `catalog.duckdb`, with row groups so small that their bounds prune in space.
-- $path: its file.
ATTACH $path AS catalog (ROW_GROUP_SIZE 8192)
