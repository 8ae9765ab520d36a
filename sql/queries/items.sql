-- Rows of the footprint table, by id.
-- $ids: list of ids; $scenes: the numbers of their scenes, which tell the row groups.
-- One row per patch: the columns of items.parquet, with the footprint as WKB in degrees (OGC:CRS84)
-- and moments in UTC, without a time zone.
SELECT
    * REPLACE (
        ST_AsWKB(geometry) AS geometry,
        make_timestamp(epoch_us(datetime)) AS datetime,
        make_timestamp(epoch_us(start_datetime)) AS start_datetime,
        make_timestamp(epoch_us(end_datetime)) AS end_datetime
    )
FROM items
WHERE "sen12ms:scene" IN $scenes AND id IN $ids
ORDER BY id
