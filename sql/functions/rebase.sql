-- Where is a file of a dataset that was moved?
-- path: where it was; old, new: what paths started with, and start with now; null to leave them.
-- The new path; unchanged if it does not start with `old`.
CREATE OR REPLACE MACRO rebase(path, old, new) AS
CASE
    WHEN starts_with(path, old) AND new IS NOT NULL THEN new || substr(path, length(old) + 1)
    ELSE path
END
