"""Query layer: filters, regions and CQL2 as SQL, connections, the database."""
