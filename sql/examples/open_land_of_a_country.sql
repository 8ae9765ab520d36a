-- Patches of Italy with more than a tenth of open land.
-- One row per patch: its season on that hemisphere, and the share of savanna and grassland, 0 to 1.
SELECT
    id,
    season_at(season, lat) AS season,
    round(share_of(igbp, ['woody_savanna', 'savanna', 'grassland']), 3) AS open_land
FROM patches_in_region('Italy')
WHERE share_of(igbp, ['woody_savanna', 'savanna', 'grassland']) > 0.1
ORDER BY open_land DESC, id ASC
