"""The selection that the filters of a command ask for; an empty one is explained."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from catalog.cli.talk import is_quiet, tell
from catalog.model import archive_of, is_member, is_url
from catalog.store.staging import ITEMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.reading.catalog import Catalog
    from catalog.reading.selection import Selection

_SHOWN: Final = 3


def selected(cat: Catalog, options: dict[str, Any]) -> Selection:
    """The patches that pass the filters among the options.

    Standard error tells why there are none, and which ids the catalog does not have.
    """
    limit = options.pop("limit", None)
    filters = given_filters(cat, **options)
    selection = cat.select(**filters)
    _tell_missing(cat, filters.get("ids", ()))
    if not is_quiet() and not len(selection):
        from catalog.reading.nothing import nothing_found

        tell("\n".join(nothing_found(cat, filters)))
    return selection if limit is None else selection[:limit]


def given_filters(cat: Catalog, **options: Any) -> dict[str, Any]:
    """Arguments of `Catalog.select` from options: those that were not given are left out."""
    given = {name: value for name, value in options.items() if value not in (None, ())}
    for name in ("region", "not_region"):
        if "-" in given.get(name, ()):
            text = sys.stdin.read()
            given[name] = [text if region == "-" else region for region in given[name]]
    if "ids" in given:
        given["ids"] = _ids(given["ids"], cat)
    return given


def _ids(path: str, cat: Catalog) -> list[str]:
    from catalog.experiment.lists import patch_ids, read_list

    if path == "-":
        return patch_ids(sys.stdin, cat.dataset, where="standard input")
    return read_list(path, cat.dataset).ids


def loaded(cat: Catalog, name: str, part: str | None = None) -> Selection:
    """The patches of a manifest or list, or of one part of it, also as FILE:PART."""
    from catalog.experiment import load

    path, _, inner = name.rpartition(":")
    if part is None and path and Path(path).exists():
        name, part = path, inner
    return load(name, cat, split=part)


def _tell_missing(cat: Catalog, ids: list[str]) -> None:
    if not ids or is_quiet():
        return
    known = cat.select(ids=ids)
    missing = [name for name in ids if name not in known]
    if missing:
        more = ", …" if len(missing) > _SHOWN else ""
        tell(
            f"{len(missing):,} of {len(ids):,} ids are not in the catalog: "
            f"{', '.join(missing[:_SHOWN])}{more}"
        )


def tell_wrong_root(root: str | None, selection: Selection, sensors: Sequence[str]) -> None:
    """Say so where the files are not at the given root: their paths are printed all the same.

    Only the first file is looked for.
    """
    if root is None or is_url(root) or is_quiet():
        return
    if not Path(root).is_dir():
        tell(f"There is no folder {root} on this machine: the files of these paths are not here.")
        return
    first = next(iter(selection[:1].paths(*sensors)), None)
    if first is None or Path(_file_of(first)).exists():
        return
    tell(f"{_file_of(first)} does not exist: is {root} where the dataset is now?")
    if (Path(root) / ITEMS).is_file():
        tell(f"{root} is a catalog of its own: sen12ms select {root}")


def _file_of(path: str) -> str:
    """The file on disk: of GDAL's name of a member, its archive."""
    return archive_of(path[: path.rindex("}") + 1]) if is_member(path) else path
