-- Sizes of the files of the patches.
-- One row per patch: id, and the bytes of each file; null where it is missing.
CREATE OR REPLACE VIEW file_sizes AS
SELECT
    id,
    assets.s1."file:size" AS s1_bytes,
    assets.s2."file:size" AS s2_bytes,
    assets.lc."file:size" AS lc_bytes
FROM items
