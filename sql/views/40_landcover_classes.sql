-- What do the codes of the four land-cover bands mean?
-- One row a class: scheme, code, name in SQL, title and colour of the legend, and for IGBP the
-- simplified class; the folder of the tables is in the variable `data`.
CREATE OR REPLACE VIEW landcover_classes AS
SELECT
    band,
    scheme,
    code,
    class,
    title,
    color,
    cover
FROM read_csv(getvariable('data') || '/datasets/sen12ms/landcover_classes.csv', header = true)
