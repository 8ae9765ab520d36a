-- Patches by season, split, continent and dominant cover.
-- One row per column and value: patches, and how many of them are complete; null is a value too.
SELECT
    CASE 0
        WHEN grouping(season) THEN 'season'
        WHEN grouping(split) THEN 'split'
        WHEN grouping(continent) THEN 'continent'
        ELSE 'dominant_cover'
    END AS grouped_by,
    coalesce(season, split, continent, dominant_cover) AS value,
    count(*) AS patches,
    count(*) FILTER (complete) AS complete
FROM patches
GROUP BY GROUPING SETS ((season), (split), (continent), (dominant_cover))
ORDER BY grouped_by ASC, patches DESC, value ASC
