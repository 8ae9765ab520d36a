-- Ids of all patches.
-- One row per patch: its id.
SELECT id
FROM patches
ORDER BY id
