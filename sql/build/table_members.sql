-- What does the view `members` answer, kept?
-- The same rows as the view, in the attached database `catalog`.
CREATE TABLE catalog.members AS
FROM memory.members
