-- Sample with as many patches of each stratum.
-- by_column: season, local_season, country, continent, split, scene_id, dominant_igbp or
-- dominant_cover; per_stratum: how many of each value, all where there are fewer; seed: a number.
-- One row per patch, as in `patches`. The same seed chooses the same patches everywhere: they are
-- ranked by the MD5 of id and seed.
CREATE OR REPLACE MACRO stratified_sample(by_column, per_stratum, seed) AS TABLE
    SELECT *
    FROM patches
    QUALIFY
        row_number() OVER (
            PARTITION BY
                CASE by_column
                    WHEN 'season' THEN season
                    WHEN 'local_season' THEN local_season
                    WHEN 'country' THEN country
                    WHEN 'continent' THEN continent
                    WHEN 'split' THEN split
                    WHEN 'scene_id' THEN scene_id
                    WHEN 'dominant_igbp' THEN dominant_igbp
                    WHEN 'dominant_cover' THEN dominant_cover
                    ELSE error(
                        'stratified_sample has no column ' || coalesce(by_column, 'NULL')
                        || did_you_mean(
                            by_column,
                            [
                                'season', 'local_season', 'country', 'continent', 'split',
                                'scene_id', 'dominant_igbp', 'dominant_cover'
                            ]
                        )
                    )
                END
            ORDER BY md5(id || ' ' || seed), id
        ) <= per_stratum
    ORDER BY season, scene, patch
