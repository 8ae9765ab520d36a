-- Ids of all patches.
-- One row a patch: its id.
SELECT id
FROM patches
ORDER BY id
