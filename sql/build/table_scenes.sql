-- What does the view `scenes` answer, kept?
-- The same rows as the view, in the attached database `catalog`.
CREATE TABLE catalog.scenes AS
FROM memory.scenes
