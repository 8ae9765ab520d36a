-- What does the view `landcover_classes` answer, kept?
-- The same rows as the view, in the attached database `catalog`.
CREATE TABLE catalog.landcover_classes AS
FROM memory.landcover_classes
