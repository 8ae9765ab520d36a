"""The map page: static files that answer questions about a catalog in the browser."""
