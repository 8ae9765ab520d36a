-- Which files may still be read when access is denied?
-- The footprint table, the member table and the package's tables.
SET allowed_paths = [
    getvariable('items'),
    getvariable('members'),
    getvariable('data') || '/datasets/sen12ms/landcover_classes.csv',
    getvariable('data') || '/regions/region_aliases.csv',
    getvariable('data') || '/regions/regions.parquet'
]
