"""Class counts for patches without land cover, from a catalog of a dataset that has it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalog.datasets import DATASETS
from catalog.errors import CatalogNotFoundError
from catalog.stac.scene_columns import LandCover, grids_from_columns
from catalog.store import staging
from catalog.store.integrity import file_sha256

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from catalog.datasets import Dataset
    from catalog.model import Scene
    from catalog.store.journal import SceneRecord

_GRID = ("proj:code", "proj:shape", "proj:transform")


class LandCoverSource(NamedTuple):
    """The table that class counts come from."""

    table: str
    """Absolute path of an `items.parquet`."""
    sha256: str
    """Of its content, in hexadecimal."""
    collection: str
    """Id of its dataset."""


def land_cover_source(
    path: str | os.PathLike[str] | None, dataset: Dataset
) -> tuple[LandCoverSource | None, Dataset]:
    """The table of a catalog that class counts can be taken from, and the dataset with its legends.

    Parameters
    ----------
    path : path
        A catalog's folder, or its `items.parquet`; None leaves the dataset as it is.
    dataset : Dataset
        What takes them.

    Raises
    ------
    CatalogNotFoundError
        If there is no such table, it has no land cover, or the dataset has its own.
    """
    if path is None:
        return None, dataset
    table = Path(path).absolute()
    table = table / staging.ITEMS if table.is_dir() else table
    if dataset.legends:
        raise CatalogNotFoundError(
            f"{dataset.about.title} has land cover of its own: leave out {path}"
        )
    try:
        names = pq.read_schema(table).names
    except (OSError, pa.ArrowException) as error:
        raise CatalogNotFoundError(
            f"there is no catalog in {path} to take land cover from: name a folder or items.parquet"
        ) from error
    for other in DATASETS.values():
        if other.legends and {f"sen12ms:{scheme}" for scheme in other.legends} <= {*names}:
            source = LandCoverSource(str(table), file_sha256(table), other.id)
            return source, dataset.with_land_cover_of(other)
    raise CatalogNotFoundError(f"{table} has no land cover: name a catalog of SEN12MS")


def borrowed_land_cover(
    source: LandCoverSource, scene: Scene, dataset: Dataset
) -> tuple[LandCover, dict[str, list[str]]]:
    """Class counts of the patches of a scene, and the ids of the patches that have none.

    Parameters
    ----------
    source : LandCoverSource
        Where they come from.
    scene : Scene
        What was read of the scene.
    dataset : Dataset
        With the legends of the source.

    Returns
    -------
    LandCover
        Of the patches of the same season, scene, number and grid.
    dict
        Ids by reason: `missing` in the source, or there on `other_grid`.
    """
    columns = _rows_of(source, scene, dataset)
    numbers = columns["sen12ms:patch"].to_numpy()
    _, mine, theirs = np.intersect1d(scene.numbers, numbers, return_indices=True)
    same = scene.grids.take(mine).equal(grids_from_columns(columns).take(theirs))
    there = _mask(scene.numbers.size, mine)
    taken = _mask(scene.numbers.size, mine[same])
    counted = {
        scheme: columns[f"sen12ms:{scheme}"].combine_chunks().take(pa.array(theirs[same]))
        for scheme in dataset.legends
    }
    known = np.ones(int(same.sum()), bool)
    for structs in counted.values():
        known &= structs.is_valid().to_numpy(zero_copy_only=False)
    placed = mine[same][known]
    counts = {
        scheme: {
            name: _spread(pc.struct_field(structs, name), known, placed, scene.numbers.size)
            for name in (*dataset.legends[scheme].names, "unknown")
        }
        for scheme, structs in counted.items()
    }
    has_counts = _mask(scene.numbers.size, placed)
    ids = np.array(dataset.patch_ids(scene.key, scene.numbers.tolist()), object)
    lacking = {
        "missing": ids[~there | (taken & ~has_counts)].tolist(),
        "other_grid": ids[there & ~taken].tolist(),
    }
    return LandCover(counts, ~has_counts), lacking


def land_cover_report(
    source: LandCoverSource | None, records: Sequence[SceneRecord]
) -> dict[str, Any] | None:
    """What `report.json` says of the land cover that was taken over."""
    if source is None:
        return None
    lacking = {
        reason: sorted(id_ for record in records for id_ in record.no_land_cover.get(reason, ()))
        for reason in ("missing", "other_grid")
    }
    patches = sum(record.summary["patches"] for record in records if record.summary)
    taken = patches - sum(map(len, lacking.values()))
    return {"source": source.table, "sha256": source.sha256, "taken": taken, **lacking}


def _rows_of(
    source: LandCoverSource, scene: Scene, dataset: Dataset
) -> Mapping[str, pa.ChunkedArray]:
    names = ["sen12ms:patch", *_GRID, *(f"sen12ms:{scheme}" for scheme in dataset.legends)]
    season, number = scene.key
    wanted = (pc.field("sen12ms:season") == season) & (pc.field("sen12ms:scene") == number)
    table = pq.read_table(source.table, columns=names, filters=wanted)
    return dict(zip(table.column_names, table.columns, strict=True))


def _mask(size: int, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    mask = np.zeros(size, bool)
    mask[rows] = True
    return mask


def _spread(
    values: pa.Array, known: NDArray[np.bool_], rows: NDArray[np.intp], size: int
) -> NDArray[np.int32]:
    """Counts of some patches among those of all, the others 0."""
    spread = np.zeros(size, np.int32)
    spread[rows] = values.fill_null(0).to_numpy(zero_copy_only=False)[known]
    return spread
