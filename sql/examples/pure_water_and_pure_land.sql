-- Patches of water alone, and without any, by continent.
-- One row per continent.
SELECT
    continent,
    count(*) FILTER (cover.water = 1) AS all_water,
    count(*) FILTER (cover.water = 0) AS no_water,
    count(*) AS patches
FROM patches
GROUP BY continent
ORDER BY continent
