-- Patches with the paths of a dataset that was moved.
-- $old, $new: what paths started with, and start with now.
-- One row per patch, as in `patches` of the catalog.
CREATE VIEW memory.patches AS
SELECT
    * REPLACE (
        rebase(s1, $old, $new) AS s1,
        rebase(s2, $old, $new) AS s2,
        rebase(lc, $old, $new) AS lc
    )
FROM catalog.patches
