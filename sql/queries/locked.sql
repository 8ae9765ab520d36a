-- Are the settings of this database locked already?
-- One row: true or false. DuckDB shares one instance of a file between all connections of a process.
SELECT current_setting('lock_configuration') AS locked
