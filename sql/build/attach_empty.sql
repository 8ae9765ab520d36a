-- Where do the views over a bare table live?
-- In a database of the name that every catalog has, which is gone with the connection.
ATTACH ':memory:' AS catalog
