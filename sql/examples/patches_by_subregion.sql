-- Patches by subregion of the United Nations.
-- One row per subregion; a patch on a border counts in both.
SELECT
    regions.name AS subregion,
    count(DISTINCT patches.id) AS patches
FROM patches
INNER JOIN regions ON ST_Intersects(patches.geometry, regions.geometry)
WHERE regions.kind = 'subregion'
GROUP BY regions.name
ORDER BY patches DESC, subregion ASC
