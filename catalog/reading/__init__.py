"""Reading: open a catalog, select from it, and check it."""
