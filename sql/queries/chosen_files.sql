-- Which files do the chosen patches have?
-- $old, $new: what paths start with, and what to put in its place; null to leave them.
-- One row a patch: season, official split and dominant cover, and path and bytes of each file; null
-- where it is missing.
SELECT
    chosen.id,
    chosen.season,
    patches.split,
    patches.dominant_cover,
    rebase(chosen.s1, $old, $new) AS s1,
    rebase(chosen.s2, $old, $new) AS s2,
    rebase(chosen.lc, $old, $new) AS lc,
    files.assets.s1."file:size" AS s1_bytes,
    files.assets.s2."file:size" AS s2_bytes,
    files.assets.lc."file:size" AS lc_bytes
FROM chosen
INNER JOIN patches ON chosen.id = patches.id
INNER JOIN read_parquet(getvariable('items')) AS files ON chosen.id = files.id
ORDER BY chosen.season, chosen.scene, chosen.patch
