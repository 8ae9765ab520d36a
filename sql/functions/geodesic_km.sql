-- Distance between two points on the ellipsoid.
-- lon_a, lat_a, lon_b, lat_b: degrees (OGC:CRS84).
-- Kilometres along the ellipsoid (WGS 84) by the mid-latitude formula of Gauss: right to 0.1 % up
-- to 200 km and 80 degrees of latitude. DuckDB's geodesics depend on a setting of the axis order.
CREATE OR REPLACE MACRO geodesic_km(lon_a, lat_a, lon_b, lat_b) AS
6378.137 / sqrt(1 - 0.00669437999014 * sin(radians((lat_a::DOUBLE + lat_b::DOUBLE) / 2)) ** 2)
* sqrt(
    (
        radians(lat_b::DOUBLE - lat_a::DOUBLE) * (1 - 0.00669437999014)
        / (1 - 0.00669437999014 * sin(radians((lat_a::DOUBLE + lat_b::DOUBLE) / 2)) ** 2)
        * cos(radians((lon_b::DOUBLE - lon_a::DOUBLE + 540) % 360 - 180) / 2)
    ) ** 2
    + (
        cos(radians((lat_a::DOUBLE + lat_b::DOUBLE) / 2))
        * radians((lon_b::DOUBLE - lon_a::DOUBLE + 540) % 360 - 180)
    ) ** 2
)
