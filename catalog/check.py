"""A catalog against the files that it names, and against itself."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from catalog.dataset import PREVIEWS, SENSORS, patch_id
from catalog.errors import CatalogNotFoundError, QueryError
from catalog.model import Grid, PatchKey, SceneKey
from catalog.query.database import open_database
from catalog.query.statements import statement
from catalog.stac.audit import off_grid
from catalog.stac.footprint import footprints
from catalog.stac.item import items_from_rows, scene_path
from catalog.store import staging
from catalog.store.geoparquet import read_items
from catalog.store.static import encoded, read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

TOLERANCE_DEGREES: Final = 1e-7
"""How far a recorded corner may be from PROJ's: about a centimetre."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the catalog says."""

    subject: str
    """The file, patch or scene."""
    problem: str
    """What is wrong with it."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `check` did."""

    patches: int
    """Rows that were checked."""
    files: int
    """Files that were looked at."""
    unreachable: int
    """Files behind URLs or in archives, which were not looked at."""
    findings: tuple[Finding, ...]
    """All that is wrong, by scene."""


def check(
    out: str | os.PathLike[str],
    *,
    root: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CheckReport:
    """Verify a catalog again.

    Every file is there and has its recorded size; ids are unique and say what the columns say;
    footprints are those of the recorded grids, and patches lie on the grid of their scene; table,
    items and database agree.

    Parameters
    ----------
    out : path
        The catalog's folder.
    root : path, optional
        Where the dataset is now, if it was moved.
    progress : callable, optional
        Told patches done and in all.

    Raises
    ------
    CatalogNotFoundError
        If there is no catalog.
    """
    folder = Path(out)
    if not (folder / staging.ITEMS).is_file():
        raise CatalogNotFoundError(
            f"there is no catalog in {folder}: make one with `sen12ms index`"
        )
    if root is not None and not Path(root).is_dir():
        raise CatalogNotFoundError(f"there is no folder {os.fspath(root)!r}: name the dataset's")
    report = read_json(folder / staging.REPORT)
    ids: Counter[str] = Counter()
    files: Counter[bool] = Counter()
    findings: list[Finding] = []
    moved = (os.path.commonpath(report["roots"]), os.path.abspath(root)) if root else None
    for key, rows in read_items(folder / staging.ITEMS):
        ids.update(row["id"] for row in rows)
        findings += _check_names(rows)
        findings += _check_places(rows)
        findings += _check_files(rows, moved, files)
        findings += _check_items(folder, key, rows)
        if progress:
            progress(ids.total(), report["patches"])
    findings += [Finding(name, f"is in the table {n} times") for name, n in ids.items() if n > 1]
    findings += _check_counts(folder, report, ids)
    return CheckReport(ids.total(), files[True], files[False], tuple(findings))


def _check_names(rows: Sequence[Row]) -> Iterator[Finding]:
    for row in rows:
        key = PatchKey(row["sen12ms:season"], row["sen12ms:scene"], row["sen12ms:patch"])
        if row["id"] != patch_id(key):
            yield Finding(row["id"], f"has the key of {patch_id(key)}")


def _check_places(rows: Sequence[Row]) -> Iterator[Finding]:
    grids = [
        Grid(row["proj:code"], tuple(row["proj:shape"]), tuple(row["proj:transform"]))
        for row in rows
    ]
    recorded = shapely.from_wkb([row["geometry"] for row in rows])
    moved = ~shapely.equals_exact(recorded, footprints(grids), TOLERANCE_DEGREES, normalize=True)
    moved &= ~shapely.is_missing(recorded)
    numbers = np.array([row["sen12ms:patch"] for row in rows])
    corners = np.array([(grid.transform[2], grid.transform[5]) for grid in grids])
    for index in np.flatnonzero(moved).tolist():
        yield Finding(rows[index]["id"], "has a footprint that is not that of its grid")
    for index in np.flatnonzero(off_grid(numbers, corners)).tolist():
        yield Finding(rows[index]["id"], "does not lie where its number says in the scene's grid")


def _check_files(
    rows: Sequence[Row], moved: tuple[str, str] | None, files: Counter[bool]
) -> Iterator[Finding]:
    for row in rows:
        for asset in filter(None, (row["assets"][sensor] for sensor in SENSORS)):
            path = asset["href"]
            if moved and path.startswith(moved[0]):
                path = moved[1] + path.removeprefix(moved[0])
            local = "://" not in path and not path.startswith("/vsi")
            files[local] += 1
            if not local:
                continue
            try:
                size = os.stat(path).st_size
            except OSError as error:
                yield Finding(path, f"cannot be found: {error.strerror}")
            else:
                if size != asset["file:size"]:
                    yield Finding(
                        path, f"has {size:,} bytes where {asset['file:size']:,} are recorded"
                    )


def _check_items(folder: Path, key: SceneKey, rows: Sequence[Row]) -> Iterator[Finding]:
    scene = folder / scene_path(key)
    expected = {f"{item['id']}.json": encoded(item) for item in items_from_rows(rows, key)}
    present = {entry.name for entry in os.scandir(scene)} if scene.is_dir() else set()
    pictures = {
        Path(row["assets"][preview]["href"]).name
        for row in rows
        for preview in PREVIEWS
        if row["assets"][preview]
    }
    for name in sorted(present - expected.keys() - pictures - {staging.CATALOG}):
        yield Finding(str(scene / name), "is not in the table")
    for name in sorted(pictures - present):
        yield Finding(str(scene / name), "is missing")
    for name, item in expected.items():
        if name not in present:
            yield Finding(str(scene / name), "is missing")
        elif (scene / name).read_bytes() != item:
            yield Finding(str(scene / name), "says something else than the table")


def _check_counts(folder: Path, report: Mapping[str, Any], ids: Counter[str]) -> Iterator[Finding]:
    if report["patches"] != ids.total():
        yield Finding(staging.REPORT, f"counts {report['patches']:,} patches, not {ids.total():,}")
    database = folder / staging.DATABASE
    if not database.is_file():
        yield Finding(str(database), "is missing: the catalog answers from the table, more slowly")
        return
    try:
        with open_database(database) as connection:
            known = {row[0] for row in connection.execute(statement("queries/ids")).fetchall()}
    except QueryError as error:
        yield Finding(str(database), str(error))
        return
    if known != ids.keys():
        yield Finding(str(database), "holds other patches than the table")
