"""The reading wing: a catalog, opened, selections from it, and whether it is what it says."""
