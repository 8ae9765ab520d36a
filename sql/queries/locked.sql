-- Are the settings of this database locked already?
-- One row: true or false. Connections of a process share one instance of a file.
SELECT current_setting('lock_configuration') AS locked
