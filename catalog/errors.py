"""What can go wrong, as a tree.

::

    CatalogError
    ├── CatalogNotFoundError  (FileNotFoundError)  there is no catalog, or no dataset, here
    ├── OutputError           (OSError)            the catalog cannot be written here
    ├── FileError             (OSError)            a file of the dataset is missing or broken
    ├── RegionError           (ValueError)         a region that is unknown or not valid
    ├── FilterError           (ValueError)         a season, class, split … that does not exist
    ├── ManifestError         (ValueError)         a manifest or list that cannot be understood
    ├── MissingExtraError     (ImportError)        an optional dependency is not installed
    ├── QueryError            (ValueError)         DuckDB refuses the SQL
    ├── StoreError            (RuntimeError)       an object store or web server does not answer
    └── ServeError            (OSError)            the server cannot start, or build STAC Browser

Everything that a user can cause is a `CatalogError` and the builtin that it resembles. A bad file
in a batch is not an exception but a `catalog.model.Rejected`.
"""

from __future__ import annotations


class CatalogError(Exception):
    """The root of all errors that this package raises on purpose."""


class CatalogNotFoundError(CatalogError, FileNotFoundError):
    """There is no catalog, or no dataset, at this path."""


class OutputError(CatalogError, OSError):
    """The catalog cannot be written here."""


class FileError(CatalogError, OSError):
    """A file of the dataset is missing, or its pixels cannot be read."""


class RegionError(CatalogError, ValueError):
    """A region that is unknown or not valid."""


class FilterError(CatalogError, ValueError):
    """A season, class, split or other filter value that does not exist."""


class ManifestError(CatalogError, ValueError):
    """A manifest, or a list of patches, that cannot be understood."""


class MissingExtraError(CatalogError, ImportError):
    """An optional dependency is not installed."""


class ShortageWarning(UserWarning):
    """There are fewer patches of a kind than a sample was asked to have."""


class UnreadableWarning(UserWarning):
    """A picture shows patches whose files are missing or cannot be read."""


class QueryError(CatalogError, ValueError):
    """DuckDB refuses the SQL."""


class StoreError(CatalogError, RuntimeError):
    """An object store or web server does not answer.

    It is not an `OSError`: what passes over a bad file must not pass over this.
    """


class ServeError(CatalogError, OSError):
    """The server cannot start, or its pages cannot be built."""
