-- Name without letter case, accents and punctuation, to compare names.
-- name: as somebody wrote it.
-- The name without letter case, accents and punctuation: 'cote d ivoire' for 'Côte d’Ivoire'.
CREATE OR REPLACE MACRO folded(name) AS
trim(regexp_replace(lower(strip_accents(replace(name, '&', ' and '))), '[^a-z0-9]+', ' ', 'g'))
