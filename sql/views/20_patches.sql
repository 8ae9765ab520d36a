-- Patches, with everything to select them by.
-- One row per patch. Shares of land cover are of its 65,536 pixels, 0 to 1,
-- exact; null without a land-cover file. Coordinates are degrees (OGC:CRS84). `quality` is null
-- unless `index` read the pixels.
CREATE OR REPLACE VIEW patches AS
WITH measured AS (
    SELECT
        *,
        {
            'evergreen_needleleaf_forest': "sen12ms:igbp".evergreen_needleleaf_forest / 65536,
            'evergreen_broadleaf_forest': "sen12ms:igbp".evergreen_broadleaf_forest / 65536,
            'deciduous_needleleaf_forest': "sen12ms:igbp".deciduous_needleleaf_forest / 65536,
            'deciduous_broadleaf_forest': "sen12ms:igbp".deciduous_broadleaf_forest / 65536,
            'mixed_forest': "sen12ms:igbp".mixed_forest / 65536,
            'closed_shrubland': "sen12ms:igbp".closed_shrubland / 65536,
            'open_shrubland': "sen12ms:igbp".open_shrubland / 65536,
            'woody_savanna': "sen12ms:igbp".woody_savanna / 65536,
            'savanna': "sen12ms:igbp".savanna / 65536,
            'grassland': "sen12ms:igbp".grassland / 65536,
            'permanent_wetland': "sen12ms:igbp".permanent_wetland / 65536,
            'cropland': "sen12ms:igbp".cropland / 65536,
            'urban': "sen12ms:igbp".urban / 65536,
            'cropland_mosaic': "sen12ms:igbp".cropland_mosaic / 65536,
            'snow_ice': "sen12ms:igbp".snow_ice / 65536,
            'barren': "sen12ms:igbp".barren / 65536,
            'water': "sen12ms:igbp".water / 65536
        } AS igbp,
        {
            'barren': "sen12ms:lccs_lc".barren / 65536,
            'snow_ice': "sen12ms:lccs_lc".snow_ice / 65536,
            'water': "sen12ms:lccs_lc".water / 65536,
            'evergreen_needleleaf_forest': "sen12ms:lccs_lc".evergreen_needleleaf_forest / 65536,
            'evergreen_broadleaf_forest': "sen12ms:lccs_lc".evergreen_broadleaf_forest / 65536,
            'deciduous_needleleaf_forest': "sen12ms:lccs_lc".deciduous_needleleaf_forest / 65536,
            'deciduous_broadleaf_forest': "sen12ms:lccs_lc".deciduous_broadleaf_forest / 65536,
            'mixed_broadleaf_needleleaf_forest': "sen12ms:lccs_lc".mixed_broadleaf_needleleaf_forest
            / 65536,
            'mixed_broadleaf_forest': "sen12ms:lccs_lc".mixed_broadleaf_forest / 65536,
            'open_forest': "sen12ms:lccs_lc".open_forest / 65536,
            'sparse_forest': "sen12ms:lccs_lc".sparse_forest / 65536,
            'dense_herbaceous': "sen12ms:lccs_lc".dense_herbaceous / 65536,
            'sparse_herbaceous': "sen12ms:lccs_lc".sparse_herbaceous / 65536,
            'dense_shrubland': "sen12ms:lccs_lc".dense_shrubland / 65536,
            'shrubland_grassland_mosaic': "sen12ms:lccs_lc".shrubland_grassland_mosaic / 65536,
            'sparse_shrubland': "sen12ms:lccs_lc".sparse_shrubland / 65536
        } AS lccs_lc,
        {
            'barren': "sen12ms:lccs_lu".barren / 65536,
            'snow_ice': "sen12ms:lccs_lu".snow_ice / 65536,
            'water': "sen12ms:lccs_lu".water / 65536,
            'urban': "sen12ms:lccs_lu".urban / 65536,
            'dense_forest': "sen12ms:lccs_lu".dense_forest / 65536,
            'open_forest': "sen12ms:lccs_lu".open_forest / 65536,
            'forest_cropland_mosaic': "sen12ms:lccs_lu".forest_cropland_mosaic / 65536,
            'natural_herbaceous': "sen12ms:lccs_lu".natural_herbaceous / 65536,
            'herbaceous_cropland_mosaic': "sen12ms:lccs_lu".herbaceous_cropland_mosaic / 65536,
            'herbaceous_cropland': "sen12ms:lccs_lu".herbaceous_cropland / 65536,
            'shrubland': "sen12ms:lccs_lu".shrubland / 65536
        } AS lccs_lu,
        {
            'barren': "sen12ms:lccs_sh".barren / 65536,
            'snow_ice': "sen12ms:lccs_sh".snow_ice / 65536,
            'water': "sen12ms:lccs_sh".water / 65536,
            'dense_forest': "sen12ms:lccs_sh".dense_forest / 65536,
            'open_forest': "sen12ms:lccs_sh".open_forest / 65536,
            'woody_wetland': "sen12ms:lccs_sh".woody_wetland / 65536,
            'grassland': "sen12ms:lccs_sh".grassland / 65536,
            'shrubland': "sen12ms:lccs_sh".shrubland / 65536,
            'herbaceous_wetland': "sen12ms:lccs_sh".herbaceous_wetland / 65536,
            'tundra': "sen12ms:lccs_sh".tundra / 65536
        } AS lccs_sh,
        {
            'forest': (
                "sen12ms:igbp".evergreen_needleleaf_forest
                + "sen12ms:igbp".evergreen_broadleaf_forest
                + "sen12ms:igbp".deciduous_needleleaf_forest
                + "sen12ms:igbp".deciduous_broadleaf_forest
                + "sen12ms:igbp".mixed_forest
            ) / 65536,
            'shrubland': (
                "sen12ms:igbp".closed_shrubland
                + "sen12ms:igbp".open_shrubland
            ) / 65536,
            'savanna': (
                "sen12ms:igbp".woody_savanna
                + "sen12ms:igbp".savanna
            ) / 65536,
            'grassland': "sen12ms:igbp".grassland / 65536,
            'wetland': "sen12ms:igbp".permanent_wetland / 65536,
            'cropland': (
                "sen12ms:igbp".cropland
                + "sen12ms:igbp".cropland_mosaic
            ) / 65536,
            'urban': "sen12ms:igbp".urban / 65536,
            'snow_ice': "sen12ms:igbp".snow_ice / 65536,
            'barren': "sen12ms:igbp".barren / 65536,
            'water': "sen12ms:igbp".water / 65536
        } AS cover
    FROM items
)

SELECT
    id,
    "sen12ms:season" AS season,
    "sen12ms:local_season" AS local_season,
    "sen12ms:scene" AS scene,
    "sen12ms:patch" AS patch,
    regexp_replace(id, '_p[0-9]+$', '') AS scene_id,
    assets.s1.href AS s1,
    assets.s2.href AS s2,
    assets.lc.href AS lc,
    geometry,
    bbox.xmin AS xmin,
    bbox.ymin AS ymin,
    bbox.xmax AS xmax,
    bbox.ymax AS ymax,
    if(
        bbox.xmax - bbox.xmin > 180,
        ST_X(centre(geometry)),
        (bbox.xmin + bbox.xmax) / 2
    ) AS lon,
    (bbox.ymin + bbox.ymax) / 2 AS lat,
    "proj:code" AS crs,
    "sen12ms:country" AS country,
    "sen12ms:continent" AS continent,
    "sen12ms:split" AS split,
    assets.s1 IS NOT NULL AND assets.s2 IS NOT NULL AND assets.lc IS NOT NULL AS complete,
    "sen12ms:issues" AS issues,
    "sen12ms:quality" AS quality,
    igbp,
    lccs_lc,
    lccs_lu,
    lccs_sh,
    cover,
    dominant(igbp) AS dominant_igbp,
    dominant(cover) AS dominant_cover
FROM measured
