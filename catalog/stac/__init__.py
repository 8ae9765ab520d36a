"""What it means: footprints, places, items, collection. Pure functions."""
