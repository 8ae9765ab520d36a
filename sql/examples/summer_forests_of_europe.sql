-- Sentinel-2 files of summer forests in Europe.
-- One row per patch: the path of its Sentinel-2 file.
SELECT s2
FROM patches
WHERE season = 'summer' AND continent = 'Europe' AND cover.forest > 0.5
ORDER BY season, scene, patch
