-- Which patches are there to select from?
-- One row a patch, as in `patches`.
SELECT * FROM patches
