"""sen12ms-catalog: select from SEN12MS before you touch 421 GiB.

>>> from catalog import Catalog, index
>>> index("SEN12MS/", into="sen12ms-catalog/")                                    # doctest: +SKIP
>>> cat = Catalog.open("sen12ms-catalog/")                                        # doctest: +SKIP
>>> subset = cat.select(region="Brazil", season="summer", cover={"forest": 0.5})  # doctest: +SKIP
>>> subset.paths("s2")                                                            # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from catalog.errors import (
        CatalogError,
        CatalogNotFoundError,
        FileError,
        FilterError,
        ManifestError,
        MissingExtraError,
        OutputError,
        QueryError,
        RegionError,
        ShortageWarning,
        StoreError,
    )
    from catalog.indexing.indexer import index
    from catalog.indexing.publishing import Published, publish
    from catalog.model import Rejected
    from catalog.reading.catalog import Catalog
    from catalog.reading.extraction import Extraction
    from catalog.reading.selection import Selection
    from catalog.source.bucket import StoreOptions
    from catalog.store.report import Report

_HOMES = {
    "Catalog": "reading.catalog",
    "CatalogError": "errors",
    "CatalogNotFoundError": "errors",
    "Extraction": "reading.extraction",
    "FileError": "errors",
    "FilterError": "errors",
    "ManifestError": "errors",
    "MissingExtraError": "errors",
    "OutputError": "errors",
    "Published": "indexing.publishing",
    "QueryError": "errors",
    "RegionError": "errors",
    "Rejected": "model",
    "Report": "store.report",
    "Selection": "reading.selection",
    "ShortageWarning": "errors",
    "StoreError": "errors",
    "StoreOptions": "source.bucket",
    "index": "indexing.indexer",
    "publish": "indexing.publishing",
}

__all__ = [
    "Catalog",
    "CatalogError",
    "CatalogNotFoundError",
    "Extraction",
    "FileError",
    "FilterError",
    "ManifestError",
    "MissingExtraError",
    "OutputError",
    "Published",
    "QueryError",
    "RegionError",
    "Rejected",
    "Report",
    "Selection",
    "ShortageWarning",
    "StoreError",
    "StoreOptions",
    "index",
    "publish",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is asked for: few programs need all of them."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - takes as long as all else here

        return version("sen12ms-catalog")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
