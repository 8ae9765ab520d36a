-- Which of the chosen patches give an impression of all?
-- $count: how many; $old, $new: what paths start with, and what to put in its place; null to leave
-- them.
-- One row a patch: of each dominant cover in turn the one with the least MD5, so that the same
-- patches are shown everywhere.
SELECT
    patches.id,
    patches.country,
    patches.dominant_cover,
    rebase(patches.s1, $old, $new) AS s1,
    rebase(patches.s2, $old, $new) AS s2,
    rebase(patches.lc, $old, $new) AS lc
FROM patches
INNER JOIN chosen ON patches.id = chosen.id
ORDER BY
    row_number() OVER (PARTITION BY patches.dominant_cover ORDER BY md5(patches.id)),
    patches.dominant_cover,
    patches.id
LIMIT $count
