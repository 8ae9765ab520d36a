-- Regions that a name stands for.
-- region_name: a name or code as in `region_names`, whatever its case, accents and punctuation:
-- 'Brazil', 'BRA', 'South Korea', 'EU', 'US-CA'; 'state:Georgia' says which kind is meant.
-- One row per region: kind and name as in `regions`. Of regions that lie in one country or hold it,
-- only the largest; several rows are several places, as for 'Georgia'; none if no region is called
-- so.
CREATE OR REPLACE MACRO named_regions(region_name) AS TABLE
    WITH asked AS (
        SELECT
            folded(regexp_extract(region_name, '^([^:]*):', 1)) AS kind,
            folded(regexp_replace(region_name, '^[^:]*:', '')) AS spelling
    ),

    matches AS (
        SELECT DISTINCT
            region_names.kind,
            region_names.name,
            region_names.country_name,
            list_position(
                ['continent', 'group', 'subregion', 'country', 'state'], region_names.kind
            ) AS size_rank,
            asked.kind != '' AND folded(region_names.name) = asked.spelling AS is_own_name
        FROM region_names
        INNER JOIN asked
            ON region_names.spelling = asked.spelling AND asked.kind IN ('', region_names.kind)
    )

    SELECT
        kind,
        name
    FROM matches
    -- With its kind, the name of one region is that region, whatever else is called so.
    QUALIFY
        CASE
            WHEN bool_or(is_own_name) OVER () THEN is_own_name
            ELSE
                count(DISTINCT country_name) OVER () > 1
                OR row_number() OVER (ORDER BY size_rank, name) = 1
        END
    ORDER BY size_rank, name
