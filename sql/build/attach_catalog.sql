-- Where does an opened catalog answer from?
-- From `catalog.duckdb` in the home directory, which is set to the catalog's folder: ATTACH takes
-- no parameter.
ATTACH '~/catalog.duckdb' AS catalog (READ_ONLY)
