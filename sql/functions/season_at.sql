-- Actual season at a latitude.
-- season: as in the northern hemisphere; latitude: degrees.
-- The same season in the north, the opposite one south of the equator.
CREATE OR REPLACE MACRO season_at(season, latitude) AS
CASE
    WHEN latitude >= 0 THEN season
    WHEN latitude < 0
        THEN CASE season
            WHEN 'spring' THEN 'fall'
            WHEN 'summer' THEN 'winter'
            WHEN 'fall' THEN 'spring'
            WHEN 'winter' THEN 'summer'
        END
END
