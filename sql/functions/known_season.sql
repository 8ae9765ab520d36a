-- Name of a season, or an error.
-- name: as in the file names.
-- The same name; an error if there is no such season.
CREATE OR REPLACE MACRO known_season(name) AS
CASE
    WHEN name IN ('spring', 'summer', 'fall', 'winter') THEN name
    ELSE error(
        'there is no season ' || coalesce(name, 'NULL')
        || did_you_mean(name, ['spring', 'summer', 'fall', 'winter'])
    )
END
