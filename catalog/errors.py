"""What can go wrong, as a tree.

::

    CatalogError
    ├── CatalogNotFoundError  (FileNotFoundError)  there is no catalog, or no dataset, here
    ├── OutputError           (OSError)            the catalog cannot be written here
    ├── RegionError           (ValueError)         a region that nobody can find, or an invalid one
    ├── FilterError           (ValueError)         a season, class, split … that does not exist
    └── QueryError            (ValueError)         DuckDB refuses the SQL

Everything that a user can cause is a `CatalogError` and the builtin that it resembles. A bad file
in a batch is no exception but a `catalog.model.Rejected`.
"""

from __future__ import annotations


class CatalogError(Exception):
    """The root of all errors that this package raises on purpose."""


class CatalogNotFoundError(CatalogError, FileNotFoundError):
    """There is no catalog, or no dataset, at this path."""


class OutputError(CatalogError, OSError):
    """The catalog cannot be written here."""


class RegionError(CatalogError, ValueError):
    """A region that nobody can find, or an invalid one."""


class FilterError(CatalogError, ValueError):
    """A season, class, split or other filter value that does not exist."""


class QueryError(CatalogError, ValueError):
    """DuckDB refuses the SQL."""
