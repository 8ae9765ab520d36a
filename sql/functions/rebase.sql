-- Path of a file of a dataset that was moved.
-- path: where it was; old, new: what paths started with, and start with now; null to leave them.
-- The new path; unchanged if it does not start with `old`. What a URL has in percent codes, a path
-- has as it is.
CREATE OR REPLACE MACRO rebase(path, old, new) AS
CASE
    WHEN old IS NULL OR new IS NULL OR NOT starts_with(path, old) THEN path
    WHEN regexp_matches(old, '^https?://') THEN new || url_decode(substr(path, length(old) + 1))
    ELSE new || substr(path, length(old) + 1)
END
