"""A catalog in the browser: files, previews, STAC Browser and a map, from one local port."""
