-- Where is a region?
-- $kind, $name: as in `regions`.
-- One row a piece: WKB, degrees (OGC:CRS84).
SELECT ST_AsWKB(geometry) AS piece
FROM regions
WHERE kind = $kind AND name = $name
