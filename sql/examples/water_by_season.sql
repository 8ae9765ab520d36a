-- Water by season.
-- One row per season: patches with at least a tenth of water, and its area in square kilometres.
SELECT
    season,
    shown AS patches,
    round(area_km2, 1) AS area_km2
FROM class_counts()
WHERE class = 'water'
ORDER BY season
