-- Which patches are there?
-- One row a patch: its id.
SELECT id
FROM patches
ORDER BY id
