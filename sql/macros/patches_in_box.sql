-- Patches that intersect a box.
-- west, south, east, north: degrees (OGC:CRS84); a box across the antimeridian has west > east.
-- One row per patch, as in `patches`.
CREATE OR REPLACE MACRO patches_in_box(west, south, east, north) AS TABLE
    SELECT *
    FROM patches
    WHERE
        ymin <= north AND ymax >= south
        AND (
            (west <= east AND xmin <= east AND xmax >= west)
            OR (west > east AND (xmin <= east OR xmax >= west))
        )
        AND ST_Intersects(
            geometry,
            CASE
                WHEN west <= east THEN ST_MakeEnvelope(west, south, east, north)
                ELSE ST_Collect([
                    ST_MakeEnvelope(-180, south, east, north),
                    ST_MakeEnvelope(west, south, 180, north)
                ])
            END
        )
