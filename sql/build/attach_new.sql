-- Where are the tables kept?
-- In a new `catalog.duckdb` in the home directory, which is set to its folder. Row groups are small,
-- so that the bounds of each tell which of them a place can be in.
ATTACH '~/catalog.duckdb' AS catalog (ROW_GROUP_SIZE 8192)
