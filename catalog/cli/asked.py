"""The selection that the filters of a command ask for; an empty one is explained."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from catalog.cli.talk import is_quiet, tell

if TYPE_CHECKING:
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


def tell_missing_root(root: str | None) -> None:
    """Say so where the folder of a moved dataset is not on this machine: paths are still made."""
    if root is not None and "://" not in root and not Path(root).is_dir():
        tell(f"There is no folder {os.fspath(root)} on this machine: the paths lead nowhere here.")
