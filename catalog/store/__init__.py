"""Storage layer: the column contract, GeoParquet, static STAC, the journal."""
