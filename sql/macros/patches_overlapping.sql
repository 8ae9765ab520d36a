-- Patches that share ground with a patch.
-- patch_id: an id in `patches`.
-- One row per patch, as in `patches`, and overlap: the share of it that lies in the other, 0 to 1;
-- largest first. The neighbours in the grid of a scene have 0.5, 0.25 at a corner, and 0 where they
-- only touch.
CREATE OR REPLACE MACRO patches_overlapping(patch_id) AS TABLE
    SELECT
        near.*,
        ST_Area(ST_Intersection(near.geometry, one.geometry)) / ST_Area(near.geometry) AS overlap
    FROM patches AS one
    INNER JOIN patches AS near
        ON
            one.xmin <= near.xmax AND one.xmax >= near.xmin
            AND one.ymin <= near.ymax AND one.ymax >= near.ymin
            AND one.id != near.id
    WHERE one.id = patch_id AND ST_Intersects(near.geometry, one.geometry)
    ORDER BY overlap DESC, near.id ASC
