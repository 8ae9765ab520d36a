-- Patches on a line from Modena to the Po.
-- One row per patch: its dominant cover.
SELECT
    id,
    dominant(cover) AS dominant_cover
FROM patches_touching(ST_GeomFromText('LINESTRING (10.55 44.75, 10.65 44.9)'))
ORDER BY id
