-- Hash of all patches, to compare two catalogs.
-- One row: a number that is equal if they do, in whatever order.
SELECT bit_xor(hash(patches)) AS patches_hash
FROM patches
