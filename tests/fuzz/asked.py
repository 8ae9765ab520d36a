"""A small catalog that targets ask, and a plain DuckDB that is asked the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import duckdb_extension_spatial
import shapely
from small import write_small
from watched import Watched

from catalog import Catalog
from catalog.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Asked:
    """Answers of `select`, each compared with what its SQL gives in a plain DuckDB.

    Parameters
    ----------
    folder : Path
        Where the catalog is made, and a file beside it that no question may touch.
    """

    def __init__(self, folder: Path) -> None:
        _, self.out = write_small(folder)
        outside = folder / "outside"
        outside.mkdir()
        self.secret = outside / "secret.csv"
        self.secret.write_text("a,b\n1,2\n", encoding="utf-8")
        self.catalog = Catalog.open(self.out)
        self._plain = duckdb.connect(str(self.out / "catalog.duckdb"), read_only=True)
        self._plain.execute(f"LOAD '{next(_spatial())}'")
        self._watched = Watched(outside)

    def ids(self, **filters: Any) -> tuple[list[str] | None, str]:
        """What `select` gives, None if it refuses, and what is wrong with that."""
        try:
            selection = self.catalog.select(**filters)
            ids = list(selection.ids)
        except CatalogError:
            return None, self._trespass()
        rows = self._plain.execute(f"SELECT id FROM ({selection.to_sql()})").fetchall()
        same = sorted(ids) == sorted(row[0] for row in rows) or "random()" in str(filters)
        return ids, self._trespass() or ("" if same else "plain DuckDB says otherwise")

    def rows(self) -> list[dict[str, Any]]:
        """All patches in order, as `patches` has them, with outlines as shapely has them."""
        table = self.catalog.sql("FROM patches ORDER BY season, scene, patch").to_arrow_table()
        rows = table.to_pylist()
        return [row | {"geometry": shapely.from_wkb(row["geometry"])} for row in rows]

    def _trespass(self) -> str:
        return "a file outside was touched" if self._watched.was_touched() else ""


def _spatial() -> Iterator[Path]:
    return Path(duckdb_extension_spatial.__file__).parent.rglob("spatial.duckdb_extension")
