-- Regions that are called Georgia.
-- One row per place: its kind, and all its names.
SELECT
    place.kind,
    place.name,
    list(names.called ORDER BY names.called) AS names
FROM named_regions('Georgia') AS place
INNER JOIN region_names AS names ON place.kind = names.kind AND place.name = names.name
GROUP BY place.kind, place.name
ORDER BY place.kind
