"""sen12ms-catalog: select from SEN12MS before you touch 421 GiB.

>>> from catalog import Catalog, index
>>> index("SEN12MS/", into="sen12ms-catalog/")                                    # doctest: +SKIP
>>> cat = Catalog.open("sen12ms-catalog/")                                        # doctest: +SKIP
>>> subset = cat.select(region="Brazil", season="summer", cover={"forest": 0.5})  # doctest: +SKIP
>>> subset.paths("s2")                                                            # doctest: +SKIP
"""

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
)
from catalog.indexing.indexer import index
from catalog.model import Rejected
from catalog.reading.catalog import Catalog
from catalog.reading.extraction import Extraction
from catalog.reading.selection import Selection
from catalog.store.report import Report

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
    "QueryError",
    "RegionError",
    "Rejected",
    "Report",
    "Selection",
    "ShortageWarning",
    "index",
]
