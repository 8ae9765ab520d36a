-- Which regions have a name?
-- One row a piece of a region: countries, states, continents and UN subregions are cut into small
-- pieces so that a join is fast, and a patch on a cut meets two of them: join with DISTINCT.
-- Degrees (OGC:CRS84). Natural Earth 1:50m, public domain.
CREATE OR REPLACE VIEW regions AS
WITH pieces AS (
    SELECT * FROM read_parquet(getvariable('data') || '/regions/regions.parquet')
)

SELECT
    region.kind,
    region.name,
    region.name_long,
    region.code,
    region.iso_a2,
    pieces.country,
    pieces.country_name,
    pieces.continent,
    pieces.geometry,
    pieces.bbox.xmin AS xmin,
    pieces.bbox.ymin AS ymin,
    pieces.bbox.xmax AS xmax,
    pieces.bbox.ymax AS ymax
FROM pieces
CROSS JOIN
    unnest([
        {
            'kind': pieces.kind,
            'name': pieces.name,
            'name_long': pieces.name_long,
            'code': pieces.code,
            'iso_a2': pieces.iso_a2
        },
        {
            'kind': 'continent',
            'name': pieces.continent,
            'name_long': pieces.continent,
            'code': NULL,
            'iso_a2': NULL
        },
        {
            'kind': 'subregion',
            'name': pieces.subregion,
            'name_long': pieces.subregion,
            'code': NULL,
            'iso_a2': NULL
        }
    ]) AS expanded (region)
WHERE pieces.kind = 'country' OR region.kind = 'state'
