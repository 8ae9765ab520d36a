"""How it is kept: the column contract, GeoParquet, static STAC, the journal."""
