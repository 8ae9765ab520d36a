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
from catalog.extraction import Extraction
from catalog.indexer import index
from catalog.model import Rejected
from catalog.reader import Catalog
from catalog.report import Report
from catalog.selection import Selection

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
