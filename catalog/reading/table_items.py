"""STAC items from the rows of the footprint table, for catalogs whose items have no files."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from catalog.errors import CatalogNotFoundError
from catalog.query.literals import filled
from catalog.query.statements import statement
from catalog.reading.opening import report_of
from catalog.source.hrefs import Hrefs
from catalog.stac.item import item_path, items_from_rows, scene_of
from catalog.store.columns import rows_from_table, schema
from catalog.store.item_rows import ItemRows
from catalog.store.static import encoded_item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from catalog.model import SceneKey
    from catalog.query.session import Session

_AT_ONCE: Final = 500
"""Items of one question."""
_LOCK: Final = Lock()
_TABLES: Final[WeakKeyDictionary[Session, ItemRows]] = WeakKeyDictionary()
"""The tables of the catalogs that are open, as far as items were asked for."""

_HREFS: Final[WeakKeyDictionary[Session, Hrefs]] = WeakKeyDictionary()


def encoded_items(session: Session, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Items by their ids, each as the bytes that its file would have, scene by scene.

    An id that is not in the table is passed over.

    Raises
    ------
    CatalogNotFoundError
        If one is not an id, or the table cannot be read.
    """
    if not names:
        return
    dataset = session.dataset
    by_scene: dict[SceneKey, list[dict[str, Any]]] = {}
    for row in rows_from_table(_rows(session, names).cast(schema(dataset))):
        by_scene.setdefault(scene_of(dataset, row["id"]), []).append(row)
    hrefs = _hrefs(session)
    for scene, rows in by_scene.items():
        for item in items_from_rows(dataset, scene, rows, hrefs.of_alternate):
            yield item["id"], encoded_item(item)


def _hrefs(session: Session) -> Hrefs:
    """What the catalog says where files are; a bare table, or one without a report, says less."""
    if session not in _HREFS:
        hrefs = Hrefs(())
        if session.folder or session.url:
            with suppress(CatalogNotFoundError):
                report = report_of(session.name)
                hrefs = Hrefs(report.roots, report.href_base, report.alternate)
        _HREFS[session] = hrefs
    return _HREFS[session]


def _rows(session: Session, names: Sequence[str]) -> pa.Table:
    if "://" in session.items:
        session.define_files()
        scenes = sorted({scene_of(session.dataset, name).scene for name in names})
        return session.table(filled(statement("queries/items"), ids=list(names), scenes=scenes))
    with _LOCK:
        rows = _TABLES.get(session) or _TABLES.setdefault(session, ItemRows(session.items))
    return rows.find(names)


def stored_items(
    session: Session, folder: Path, names: Iterable[str]
) -> Iterator[tuple[bytes, Path]]:
    """Items of a catalog by their ids, in order: from their files, or else from the table.

    Yields
    ------
    tuple
        The bytes of an item's file, and its path, where it need not be.
    """
    dataset, waiting = session.dataset, iter(names)
    while some := list(islice(waiting, _AT_ONCE)):
        paths = {name: folder / item_path(dataset, scene_of(dataset, name), name) for name in some}
        found = {name: path.read_bytes() for name, path in paths.items() if path.is_file()}
        found |= encoded_items(session, [name for name in some if name not in found])
        yield from ((found[name], paths[name]) for name in some)
