-- Legends of the four land-cover bands.
-- One row per class: scheme, code, name in SQL, title and colour of the legend, and for IGBP the
-- simplified class; the path of the table is in the variable `classes`.
CREATE OR REPLACE VIEW landcover_classes AS
SELECT
    band,
    scheme,
    code,
    class,
    title,
    color,
    cover
FROM read_csv(getvariable('classes'), header = true)
