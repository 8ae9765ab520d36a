-- Scene numbers that stand for several scenes.
-- One row per number that is used in more than one season, with the scenes that have it.
SELECT
    scene,
    count(*) AS places,
    list(season || ' ' || coalesce(country, '?') ORDER BY season) AS seasons
FROM scenes
GROUP BY scene
HAVING count(*) > 1
ORDER BY scene
