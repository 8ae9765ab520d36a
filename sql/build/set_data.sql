-- Where are the package's tables?
-- $data: folder of landcover_classes.csv and regions.parquet.
SET VARIABLE data = $data
