"""A selection as a figure: where its patches are, what is in them, what some look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from catalog.pictures.canvas import checked_picture, save_figure
from catalog.pictures.land import land_from_pieces
from catalog.pictures.overview import THUMBNAIL, Subset, draw_subset
from catalog.pictures.sheet import Tile
from catalog.source.preview import draw_preview
from catalog.store.geoparquet import read_countries

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    import pyarrow as pa
    from matplotlib.figure import Figure

    from catalog.datasets import Dataset


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
