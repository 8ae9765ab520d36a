-- Names of regions, without codes and abbreviations.
-- One row per name, but for codes and abbreviations: kind, and what it is called.
SELECT
    kind,
    called
FROM region_names
WHERE regexp_full_match(called, '.*[a-z]{3}.*')
ORDER BY kind, called
