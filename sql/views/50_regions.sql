-- Regions that have a name, subdivided.
-- One row per polygon of a region: countries, states, continents, UN subregions and groups of them
-- are subdivided so that a join is fast, and a patch on a cut meets two polygons: join with
-- DISTINCT. Degrees (OGC:CRS84). Natural Earth 1:50m, public domain; the folder of the tables is in
-- the variable `regions`.
CREATE OR REPLACE VIEW regions AS
WITH pieces AS (
    SELECT * FROM read_parquet(getvariable('regions') || '/regions.parquet')
),

groups AS (
    SELECT * FROM read_csv(getvariable('regions') || '/region_groups.csv', header = true)
),

-- For each country, the larger regions that it is in.
containing AS (
    SELECT DISTINCT
        name AS country_name,
        'continent' AS kind,
        continent AS name,
        null AS code
    FROM pieces
    WHERE kind = 'country'
    UNION ALL
    SELECT DISTINCT
        name AS country_name,
        'subregion' AS kind,
        subregion AS name,
        null AS code
    FROM pieces
    WHERE kind = 'country'
    UNION ALL
    SELECT DISTINCT
        pieces.name AS country_name,
        'group' AS kind,
        groups.name,
        groups.code
    FROM pieces
    INNER JOIN groups
        ON
            (pieces.name = groups.member AND groups.kind = 'country')
            OR (pieces.subregion = groups.member AND groups.kind = 'subregion')
    WHERE pieces.kind = 'country'
)

SELECT
    kind,
    name,
    name_long,
    code,
    iso_a2,
    country,
    country_name,
    continent,
    geometry,
    bbox.xmin AS xmin,
    bbox.ymin AS ymin,
    bbox.xmax AS xmax,
    bbox.ymax AS ymax
FROM pieces
UNION ALL
SELECT
    containing.kind,
    containing.name,
    containing.name AS name_long,
    containing.code,
    null AS iso_a2,
    pieces.country,
    pieces.country_name,
    pieces.continent,
    pieces.geometry,
    pieces.bbox.xmin AS xmin,
    pieces.bbox.ymin AS ymin,
    pieces.bbox.xmax AS xmax,
    pieces.bbox.ymax AS ymax
FROM pieces
INNER JOIN containing ON pieces.name = containing.country_name
WHERE pieces.kind = 'country'
