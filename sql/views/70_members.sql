-- Files in archives.
-- One row a file that was read from an archive: id of the patch, sensor, absolute path of the
-- archive, name in it, byte of the unpacked archive where the file starts, and bytes; the path of
-- the table is in the variable `members`. None where the dataset is no archive.
CREATE OR REPLACE VIEW members AS
SELECT
    id,
    sensor,
    archive,
    member,
    "offset",
    size
FROM read_parquet(getvariable('members'))
