-- When is the database whole?
-- When all of it is in the one file, and nothing in a log beside it.
CHECKPOINT catalog
