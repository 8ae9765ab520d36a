-- Which of the chosen patches are on a list?
-- $ids: ids of patches; one that is not among the chosen is passed over.
-- One row a patch, as in `chosen`.
SELECT *
FROM chosen
WHERE id IN (SELECT unnest($ids))
ORDER BY season, scene, patch
