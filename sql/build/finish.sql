-- Write all of the attached database to its file, and leave no log beside it.
CHECKPOINT catalog
