-- Which patches pass these filters?
-- $west, $south, $east, $north: degrees (OGC:CRS84); patches whose bounding box touches that box.
-- $season, $local_season, $split: lists of names; $complete: true or false.
-- $s1, $s2, $lc: true to ask for the file.
-- $cover_…_low, $cover_…_high, $igbp_…_low, $igbp_…_high: bounds of a share, 0 to 1, inclusive.
-- A parameter that is null filters nothing. `candidates` has the columns of `patches`.
-- One row a patch: id, key, paths and footprint.
SELECT
    id,
    season,
    scene,
    patch,
    s1,
    s2,
    lc,
    geometry
FROM candidates
WHERE
    ($west IS NULL OR xmax >= $west)
    AND ($south IS NULL OR ymax >= $south)
    AND ($east IS NULL OR xmin <= $east)
    AND ($north IS NULL OR ymin <= $north)
    AND ($season IS NULL OR list_contains($season, season))
    AND ($local_season IS NULL OR list_contains($local_season, local_season))
    AND ($split IS NULL OR list_contains($split, split))
    AND ($complete IS NULL OR complete = $complete)
    AND ($s1 IS NULL OR s1 IS NOT NULL)
    AND ($s2 IS NULL OR s2 IS NOT NULL)
    AND ($lc IS NULL OR lc IS NOT NULL)
    AND ($cover_forest_low IS NULL OR cover.forest >= $cover_forest_low)
    AND ($cover_forest_high IS NULL OR cover.forest <= $cover_forest_high)
    AND ($cover_shrubland_low IS NULL OR cover.shrubland >= $cover_shrubland_low)
    AND ($cover_shrubland_high IS NULL OR cover.shrubland <= $cover_shrubland_high)
    AND ($cover_savanna_low IS NULL OR cover.savanna >= $cover_savanna_low)
    AND ($cover_savanna_high IS NULL OR cover.savanna <= $cover_savanna_high)
    AND ($cover_grassland_low IS NULL OR cover.grassland >= $cover_grassland_low)
    AND ($cover_grassland_high IS NULL OR cover.grassland <= $cover_grassland_high)
    AND ($cover_wetland_low IS NULL OR cover.wetland >= $cover_wetland_low)
    AND ($cover_wetland_high IS NULL OR cover.wetland <= $cover_wetland_high)
    AND ($cover_cropland_low IS NULL OR cover.cropland >= $cover_cropland_low)
    AND ($cover_cropland_high IS NULL OR cover.cropland <= $cover_cropland_high)
    AND ($cover_urban_low IS NULL OR cover.urban >= $cover_urban_low)
    AND ($cover_urban_high IS NULL OR cover.urban <= $cover_urban_high)
    AND ($cover_snow_ice_low IS NULL OR cover.snow_ice >= $cover_snow_ice_low)
    AND ($cover_snow_ice_high IS NULL OR cover.snow_ice <= $cover_snow_ice_high)
    AND ($cover_barren_low IS NULL OR cover.barren >= $cover_barren_low)
    AND ($cover_barren_high IS NULL OR cover.barren <= $cover_barren_high)
    AND ($cover_water_low IS NULL OR cover.water >= $cover_water_low)
    AND ($cover_water_high IS NULL OR cover.water <= $cover_water_high)
    AND (
        $igbp_evergreen_needleleaf_forest_low IS NULL
        OR igbp.evergreen_needleleaf_forest >= $igbp_evergreen_needleleaf_forest_low
    )
    AND (
        $igbp_evergreen_needleleaf_forest_high IS NULL
        OR igbp.evergreen_needleleaf_forest <= $igbp_evergreen_needleleaf_forest_high
    )
    AND (
        $igbp_evergreen_broadleaf_forest_low IS NULL
        OR igbp.evergreen_broadleaf_forest >= $igbp_evergreen_broadleaf_forest_low
    )
    AND (
        $igbp_evergreen_broadleaf_forest_high IS NULL
        OR igbp.evergreen_broadleaf_forest <= $igbp_evergreen_broadleaf_forest_high
    )
    AND (
        $igbp_deciduous_needleleaf_forest_low IS NULL
        OR igbp.deciduous_needleleaf_forest >= $igbp_deciduous_needleleaf_forest_low
    )
    AND (
        $igbp_deciduous_needleleaf_forest_high IS NULL
        OR igbp.deciduous_needleleaf_forest <= $igbp_deciduous_needleleaf_forest_high
    )
    AND (
        $igbp_deciduous_broadleaf_forest_low IS NULL
        OR igbp.deciduous_broadleaf_forest >= $igbp_deciduous_broadleaf_forest_low
    )
    AND (
        $igbp_deciduous_broadleaf_forest_high IS NULL
        OR igbp.deciduous_broadleaf_forest <= $igbp_deciduous_broadleaf_forest_high
    )
    AND ($igbp_mixed_forest_low IS NULL OR igbp.mixed_forest >= $igbp_mixed_forest_low)
    AND ($igbp_mixed_forest_high IS NULL OR igbp.mixed_forest <= $igbp_mixed_forest_high)
    AND ($igbp_closed_shrubland_low IS NULL OR igbp.closed_shrubland >= $igbp_closed_shrubland_low)
    AND (
        $igbp_closed_shrubland_high IS NULL OR igbp.closed_shrubland <= $igbp_closed_shrubland_high
    )
    AND ($igbp_open_shrubland_low IS NULL OR igbp.open_shrubland >= $igbp_open_shrubland_low)
    AND ($igbp_open_shrubland_high IS NULL OR igbp.open_shrubland <= $igbp_open_shrubland_high)
    AND ($igbp_woody_savanna_low IS NULL OR igbp.woody_savanna >= $igbp_woody_savanna_low)
    AND ($igbp_woody_savanna_high IS NULL OR igbp.woody_savanna <= $igbp_woody_savanna_high)
    AND ($igbp_savanna_low IS NULL OR igbp.savanna >= $igbp_savanna_low)
    AND ($igbp_savanna_high IS NULL OR igbp.savanna <= $igbp_savanna_high)
    AND ($igbp_grassland_low IS NULL OR igbp.grassland >= $igbp_grassland_low)
    AND ($igbp_grassland_high IS NULL OR igbp.grassland <= $igbp_grassland_high)
    AND (
        $igbp_permanent_wetland_low IS NULL OR igbp.permanent_wetland >= $igbp_permanent_wetland_low
    )
    AND (
        $igbp_permanent_wetland_high IS NULL
        OR igbp.permanent_wetland <= $igbp_permanent_wetland_high
    )
    AND ($igbp_cropland_low IS NULL OR igbp.cropland >= $igbp_cropland_low)
    AND ($igbp_cropland_high IS NULL OR igbp.cropland <= $igbp_cropland_high)
    AND ($igbp_urban_low IS NULL OR igbp.urban >= $igbp_urban_low)
    AND ($igbp_urban_high IS NULL OR igbp.urban <= $igbp_urban_high)
    AND ($igbp_cropland_mosaic_low IS NULL OR igbp.cropland_mosaic >= $igbp_cropland_mosaic_low)
    AND ($igbp_cropland_mosaic_high IS NULL OR igbp.cropland_mosaic <= $igbp_cropland_mosaic_high)
    AND ($igbp_snow_ice_low IS NULL OR igbp.snow_ice >= $igbp_snow_ice_low)
    AND ($igbp_snow_ice_high IS NULL OR igbp.snow_ice <= $igbp_snow_ice_high)
    AND ($igbp_barren_low IS NULL OR igbp.barren >= $igbp_barren_low)
    AND ($igbp_barren_high IS NULL OR igbp.barren <= $igbp_barren_high)
    AND ($igbp_water_low IS NULL OR igbp.water >= $igbp_water_low)
    AND ($igbp_water_high IS NULL OR igbp.water <= $igbp_water_high)
ORDER BY season, scene, patch
