-- Prepare a connection: files of the views, and databases in which names are looked up.
-- $items: path or URL of items.parquet; $members: path of members.parquet; $regions: path of the
-- folder of the region tables; $classes: path of the table of legends; $databases: names of
-- attached databases, with commas between them.
SET VARIABLE items = $items;
SET VARIABLE members = $members;
SET VARIABLE regions = $regions;
SET VARIABLE classes = $classes;
SET search_path = $databases
