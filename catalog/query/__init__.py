"""How it is asked: statements, the database, regions, selections."""
