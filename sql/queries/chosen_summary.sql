-- What are the chosen patches, in a flat table?
-- $old, $new: what paths start with, and what to put in its place; null to leave them.
-- One row a patch: keys, place, paths, and the share of each simplified class, 0 to 1.
SELECT
    patches.id,
    patches.season,
    patches.local_season,
    patches.scene,
    patches.patch,
    patches.country,
    patches.continent,
    patches.split,
    patches.dominant_igbp,
    patches.dominant_cover,
    patches.lon,
    patches.lat,
    patches.crs,
    rebase(patches.s1, $old, $new) AS s1,
    rebase(patches.s2, $old, $new) AS s2,
    rebase(patches.lc, $old, $new) AS lc,
    unnest(patches.cover)
FROM patches
INNER JOIN chosen ON patches.id = chosen.id
ORDER BY patches.season, patches.scene, patches.patch
