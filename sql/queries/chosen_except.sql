-- Which of the included patches are not excluded?
-- No parameters: `included` and `excluded` have the columns of `chosen`.
-- One row a patch, as in `chosen`.
SELECT *
FROM included
WHERE id NOT IN (SELECT excluded.id FROM excluded)
ORDER BY season, scene, patch
