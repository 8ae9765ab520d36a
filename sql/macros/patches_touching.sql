-- Patches that intersect a geometry.
-- shape: a geometry in degrees (OGC:CRS84).
-- One row per patch, as in `patches`.
CREATE OR REPLACE MACRO patches_touching(shape) AS TABLE
    SELECT *
    FROM patches
    WHERE
        xmin <= ST_XMax(shape) AND xmax >= ST_XMin(shape)
        AND ymin <= ST_YMax(shape) AND ymax >= ST_YMin(shape)
        AND ST_Intersects(geometry, shape)
