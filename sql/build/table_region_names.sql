-- What does the view `region_names` answer, kept?
-- The same rows as the view, in the attached database `catalog`.
CREATE TABLE catalog.region_names AS
FROM memory.region_names
