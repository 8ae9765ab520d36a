-- All columns of the selected patches.
-- One row a patch, as in `patches`.
SELECT *
FROM chosen
ORDER BY season, scene, patch
