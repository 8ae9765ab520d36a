-- Patches around one patch, and the distance to its middle.
-- One row per patch that overlaps it: the shared part, 0 to 1, its majority class, and kilometres.
SELECT
    near.id,
    round(near.overlap, 3) AS overlap,
    majority(near.cover, 0.5) AS majority,
    round(geodesic_km(near.lon, near.lat, one.lon, one.lat), 2) AS distance_km
FROM patches_overlapping('ROIs1970_fall_126_p188') AS near
INNER JOIN patches AS one ON one.id = 'ROIs1970_fall_126_p188'
ORDER BY near.overlap DESC, near.id ASC
