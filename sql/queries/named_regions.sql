-- Regions that a user may mean.
-- $name: what the user wrote.
-- One row per region: kind and name as in `regions`, the largest first.
SELECT
    kind,
    name
FROM named_regions($name)
