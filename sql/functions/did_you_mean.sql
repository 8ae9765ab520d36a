-- End of a message about a name that is not known.
-- name: what was written; known: list of the names that there are.
-- ': did you mean summer?' if one of them is similar, ': it is one of s1, s2, lc' otherwise.
CREATE OR REPLACE MACRO did_you_mean(name, known) AS
coalesce(
    ': did you mean ' || nullif(
        array_to_string(
            list_filter(
                known, LAMBDA one: jaro_winkler_similarity(lower(one), lower(name)) > 0.85
            ),
            ' or '
        ),
        ''
    ) || '?',
    ': it is one of ' || array_to_string(known, ', ')
)
