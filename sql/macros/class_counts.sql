-- Simplified classes by season: patches and area.
-- No parameters.
-- One row per class and season: patches that it dominates, patches that show at least a tenth of
-- it, and its area in square kilometres; overlaps between patches count as often as they occur.
CREATE OR REPLACE MACRO class_counts() AS TABLE
    SELECT
        season,
        class,
        count(*) FILTER (dominant_cover = class) AS dominated,
        count(*) FILTER (share >= 0.1) AS shown,
        sum(share) * patch_area_km2() AS area_km2
    FROM (
        SELECT
            season,
            dominant_cover,
            unnest(map_keys(cover::MAP(VARCHAR, DOUBLE))) AS class,
            unnest(map_values(cover::MAP(VARCHAR, DOUBLE))) AS share
        FROM patches
    ) AS shares
    GROUP BY season, class
    ORDER BY season, class
