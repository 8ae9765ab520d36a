-- What can a region be called?
-- One row a region that has a name: kind, names, codes, and the country that it lies in.
SELECT
    kind,
    name,
    any_value(name_long) AS name_long,
    any_value(code) AS code,
    any_value(iso_a2) AS iso_a2,
    CASE WHEN kind IN ('country', 'state') THEN any_value(country_name) END AS country_name
FROM regions
GROUP BY kind, name
ORDER BY kind, name
