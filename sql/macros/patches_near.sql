-- Patches within a distance of a point.
-- longitude, latitude: degrees (OGC:CRS84); radius_km: kilometres, as in `geodesic_km`, to the
-- nearest point of the footprint; not across a pole or the antimeridian.
-- One row per patch, as in `patches`, and distance_km; the nearest first.
CREATE OR REPLACE MACRO patches_near(longitude, latitude, radius_km) AS TABLE
    SELECT
        * EXCLUDE (stretch, nearest),
        geodesic_km(longitude, latitude, ST_X(nearest) / stretch, ST_Y(nearest)) AS distance_km
    FROM (
        SELECT
            *,
            -- A degree of longitude is shorter than one of latitude: the nearest point is found
            -- where both are as long as at the patch.
            cos(radians((ymin + ymax) / 2)) AS stretch,
            ST_EndPoint(
                ST_ShortestLine(
                    ST_Point(longitude * stretch, latitude), ST_Scale(geometry, stretch, 1)
                )
            ) AS nearest
        FROM patches
        WHERE
            -- No degree of latitude is shorter than 110.5 km, no degree of longitude than that
            -- times the cosine of the latitude.
            ymin <= latitude + radius_km / 110.5
            AND ymax >= latitude - radius_km / 110.5
            AND (
                abs(latitude) + radius_km / 110.5 >= 89
                OR (
                    xmin <= longitude
                    + radius_km / (110.5 * cos(radians(abs(latitude) + radius_km / 110.5)))
                    AND xmax >= longitude
                    - radius_km / (110.5 * cos(radians(abs(latitude) + radius_km / 110.5)))
                )
            )
    ) AS candidates
    WHERE distance_km <= radius_km
    ORDER BY distance_km, id
