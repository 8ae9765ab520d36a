"""The writing wing: source → stac → store, a scene at a time, and then the whole."""
