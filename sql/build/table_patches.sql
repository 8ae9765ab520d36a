-- What does the view `patches` answer, kept?
-- The same rows as the view, in the attached database `catalog`.
CREATE TABLE catalog.patches AS
FROM memory.patches
