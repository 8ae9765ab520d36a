-- Middle of a footprint.
-- geometry: degrees (OGC:CRS84).
-- A point in it, also where the antimeridian splits it: its parts are put together east of there.
CREATE OR REPLACE MACRO centre(geometry) AS
CASE
    WHEN ST_XMax(geometry) - ST_XMin(geometry) <= 180 THEN ST_Centroid(geometry)
    ELSE [
        ST_Translate(point, if(ST_X(point) > 180, -360, 0), 0)
        FOR point IN [
            ST_Centroid(
                ST_Collect(
                    [
                        ST_Translate(part.geom, if(ST_XMax(part.geom) <= 0, 360, 0), 0)
                        FOR part IN ST_Dump(geometry)
                    ]
                )
            )
        ]
    ][1]
END
