-- Where is the member table?
-- $members: path of members.parquet.
SET VARIABLE members = $members
