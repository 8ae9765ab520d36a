-- Dominant land cover in boxes of one degree.
-- One row per box: its lower-left corner in degrees, patches, and the cover that most of them have.
SELECT
    floor(lon) AS west,
    floor(lat) AS south,
    count(*) AS patches,
    mode(dominant_cover) AS dominant_cover
FROM patches
GROUP BY west, south
ORDER BY west, south
