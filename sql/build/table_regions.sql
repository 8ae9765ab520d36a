-- What does the view `regions` answer, kept?
-- The same rows as the view, in the attached database `catalog`.
CREATE TABLE catalog.regions AS
FROM memory.regions
