-- Files of one patch, and where it is.
-- $id: id of the patch; $sensors: list of sensors.
-- One row, or none if there is no such patch: paths, and the centre in degrees (OGC:CRS84).
SELECT
    lon,
    lat,
    COLUMNS($sensors)
FROM patches
WHERE id = $id
