-- Sentinel-2 files of a box, for a mosaic by GDAL.
-- One row per file: where it is, and the CRS of its grid.
SELECT
    parse_filename(files.location) AS file,
    files.crs
FROM tile_index('s2') AS files
INNER JOIN patches_in_box(126.9, 37.9, 126.95, 38.1) AS inside ON files.id = inside.id
ORDER BY files.id
