-- Tell which table an attached `catalog.duckdb` is made from: SHA-256 of its bytes, hexadecimal.
SELECT items_sha256 FROM catalog.internal.made_from
