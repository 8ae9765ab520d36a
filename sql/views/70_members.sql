-- Files in archives.
-- One row per file that was read from an archive: id of the patch, sensor, absolute path of the
-- archive, name in it, byte of the decompressed archive where the file starts, and bytes; the path
-- of the table is in the variable `members`. Empty where the dataset is not in archives.
CREATE OR REPLACE VIEW members AS
SELECT
    id,
    sensor,
    archive,
    member,
    "offset",
    size
FROM read_parquet(getvariable('members'))
