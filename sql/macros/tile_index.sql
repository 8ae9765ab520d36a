-- Files of one sensor, as a tile index for GDAL's GTI driver.
-- sensor_name: s1, s2 or lc.
-- One row per file: id, location, crs, and the footprint in degrees (OGC:CRS84).
CREATE OR REPLACE MACRO tile_index(sensor_name) AS TABLE
    SELECT
        id,
        location,
        crs,
        geometry
    FROM (
        SELECT
            *,
            CASE sensor_name
                WHEN 's1' THEN s1
                WHEN 's2' THEN s2
                WHEN 'lc' THEN lc
                ELSE error(
                    'there is no sensor ' || coalesce(sensor_name, 'NULL')
                    || did_you_mean(sensor_name, ['s1', 's2', 'lc'])
                )
            END AS location
        FROM patches
    ) AS files
    WHERE location IS NOT NULL
    ORDER BY season, scene, patch
