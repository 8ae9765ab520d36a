-- What is known of the chosen patches?
-- $old, $new: what paths start with, and what to put in its place; null to leave them.
-- One row a patch, as in `patches`.
SELECT
    patches.* REPLACE (
        rebase(patches.s1, $old, $new) AS s1,
        rebase(patches.s2, $old, $new) AS s2,
        rebase(patches.lc, $old, $new) AS lc
    )
FROM patches
INNER JOIN chosen ON patches.id = chosen.id
ORDER BY patches.season, patches.scene, patches.patch
