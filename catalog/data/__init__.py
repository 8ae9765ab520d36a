"""The tables that Python and SQL share."""
