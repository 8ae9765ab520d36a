-- All names and codes of the regions, in order.
-- One row per name or code: how `folded` spells it, kind and name as in `regions`, what it is
-- called, and the country that the region lies in.
SELECT
    spelling,
    kind,
    name,
    called,
    country_name
FROM region_names
ORDER BY ALL
