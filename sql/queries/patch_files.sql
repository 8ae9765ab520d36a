-- Where are the files of one patch, and where is it?
-- $id: id of the patch; $old, $new: what paths start with, and what to put in its place; null to
-- leave them.
-- One row, or none if there is no such patch: paths, and the centre in degrees (OGC:CRS84).
SELECT
    rebase(s1, $old, $new) AS s1,
    rebase(s2, $old, $new) AS s2,
    rebase(lc, $old, $new) AS lc,
    lon,
    lat
FROM patches
WHERE id = $id
