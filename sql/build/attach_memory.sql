-- Where do the views live while the tables are made from them?
-- In a second database, which is gone with the connection.
ATTACH ':memory:' AS memory
