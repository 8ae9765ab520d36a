"""A selection as a figure: where its patches are, what is in them, what some look like."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from catalog.pictures.canvas import checked_picture, save_figure
from catalog.pictures.land import land_from_pieces
from catalog.pictures.overview import THUMBNAIL, Subset, draw_subset
from catalog.pictures.sheet import Tile
from catalog.source.header import UnreadableError
from catalog.source.preview import draw_preview, jpeg_from_png
from catalog.stac.item import preview_name, scene_path
from catalog.store.geoparquet import read_countries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pyarrow as pa
    from matplotlib.figure import Figure

    from catalog.datasets import Dataset


def thumbnails(
    samples: Iterable[Mapping[str, Any]], dataset: Dataset, folder: Path | None
) -> list[tuple[str, bytes]]:
    """Small pictures of patches as (id, JPEG): of those that have one in the catalog, or on disk.

    Parameters
    ----------
    samples : iterable of mapping
        The answer of `queries/chosen_samples`.
    dataset : Dataset
        Its sensors and classes.
    folder : Path, optional
        Of the catalog.
    """
    found = []
    for row in samples:
        key = dataset.parse_id(row["id"])
        scene = folder / scene_path(dataset, key.of_scene) if folder and key else None
        with suppress(UnreadableError):
            if png := _thumbnail(row, dataset, scene):
                found.append((row["id"], jpeg_from_png(png)))
    return found


def _thumbnail(row: Mapping[str, Any], dataset: Dataset, scene: Path | None) -> bytes:
    """A picture of a patch, as PNG; empty if it has none, and one of its files is not on disk."""
    stored = scene and scene / preview_name(row["id"], THUMBNAIL)
    if stored and stored.is_file():
        return stored.read_bytes()
    used = {name: row[name] for name in dataset.previews[THUMBNAIL].sensors}
    if not all(path and os.path.isfile(path) for path in used.values()):
        return b""
    picture = draw_preview(dataset, THUMBNAIL, used)
    return picture.png if picture.complete else b""


def draw_selection(
    outlines: pa.Table,
    samples: Iterable[Mapping[str, Any]],
    dataset: Dataset,
    path: str | os.PathLike[str] | None = None,
) -> Figure:
    """Draw a selection.

    Parameters
    ----------
    outlines : pyarrow.Table
        The answer of `queries/chosen_outlines`.
    samples : iterable of mapping
        That of `queries/chosen_samples`.
    dataset : Dataset
        Its sensors and classes.
    path : path, optional
        A PNG, PDF or SVG to write, by its ending.

    Raises
    ------
    OutputError
        If the path ends otherwise, or cannot be written.
    """
    if path is not None:
        checked_picture(path)
    columns = {name: outlines.column(name).to_pylist() for name in outlines.column_names}
    footprints = np.asarray(shapely.from_wkb(columns.pop("geometry")), dtype=object)
    tiles = [
        Tile(
            row["id"],
            " · ".join(filter(None, (row["country"], row["dominant_cover"]))),
            draw_preview(dataset, THUMBNAIL, {s: row[s] for s in dataset.sensors if row[s]}),
        )
        for row in samples
    ]
    land = land_from_pieces(read_countries())
    figure = draw_subset(dataset, Subset(columns, footprints, land, tiles))
    if path is not None:
        save_figure(figure, path)
    return figure
