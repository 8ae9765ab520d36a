"""STAC layer: footprints, countries, items, collection. Pure functions."""
