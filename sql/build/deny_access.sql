-- What may a query touch?
-- Nothing outside the database, but for the allowed files.
SET enable_external_access = false
