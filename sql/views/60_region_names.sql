-- Names and codes of the regions.
-- One row per name or code: kind and name as in `regions`, `called`, its `spelling` as `folded`
-- gives it, and `country_name`, the country that it lies in, null for what is larger. To the names
-- of Natural Earth come those that people type, of region_aliases.csv; the folder of the tables is
-- in the variable `regions`.
CREATE OR REPLACE VIEW region_names AS
WITH known AS (
    SELECT DISTINCT
        kind,
        name,
        name_long,
        code,
        iso_a2,
        CASE WHEN kind IN ('country', 'state') THEN country_name END AS country_name
    FROM regions
),

every_name AS (
    SELECT
        kind,
        name,
        country_name,
        unnest([name, name_long, code, iso_a2]) AS called
    FROM known
    UNION
    SELECT
        known.kind,
        known.name,
        known.country_name,
        aliases.alias AS called
    FROM known
    INNER JOIN read_csv(getvariable('regions') || '/region_aliases.csv', header = true) AS aliases
        ON known.kind = aliases.kind AND known.name = aliases.name
)

SELECT
    kind,
    name,
    called,
    folded(called) AS spelling,
    country_name
FROM every_name
WHERE called != ''
ORDER BY kind, name, called
