-- Do two catalogs say the same of the same patches?
-- One row: a number that is equal if they do, in whatever order.
SELECT bit_xor(hash(patches)) AS patches_hash
FROM patches
