"""Figures, and the few marks that all of them are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from catalog.errors import MissingExtraError
from catalog.store.outputs import whole_file

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

INK: Final = "#26323d"
FAINT: Final = "#8a97a3"
SEA: Final = "#eaf1f6"
LAND: Final = "#d9ddd6"
PAPER: Final = "#ffffff"
MISSING: Final = "#8f8f8f"
"""Of what has no class."""
DPI: Final = 150


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches; nothing of matplotlib's global state is touched.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError(
            "pictures need matplotlib: pip install 'sen12ms-catalog[plot]'"
        ) from error
    return Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER)


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure as PNG: the same bytes for the same picture.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with whole_file(path) as partial:
        figure.savefig(partial, format="png", metadata={"Software": None})


def add_shapes(axes: Axes, shapes: Sequence[shapely.Geometry], **style: Any) -> None:
    """Draw polygons, holes and all; `style` is matplotlib's, a value for each or one for all."""
    from matplotlib.collections import PathCollection

    paths = [_path(shape) for shape in shapes if not shapely.is_empty(shape)]
    axes.add_collection(PathCollection(paths, **style), autolim=False)


def _path(shape: shapely.Geometry) -> Path:
    from matplotlib.path import Path

    rings = [
        shapely.get_coordinates(ring)
        for part in shapely.get_parts(shape)
        if part.geom_type == "Polygon"
        for ring in (part.exterior, *part.interiors)
    ]
    return Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))


def bare(axes: Axes) -> None:
    """No frame, no ticks."""
    axes.set_axis_off()


def title(axes: Axes, text: str, note: str = "") -> None:
    """A heading at the upper left, and a fainter note after it."""
    axes.set_title(text, loc="left", fontsize=10, color=INK, fontweight="bold", pad=6)
    if note:
        axes.set_title(note, loc="right", fontsize=8.5, color=FAINT, pad=6)


def rgb(colors: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """`#rrggbb` as numbers from 0 to 1, shape (n, 3)."""
    return np.array([[int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)] for color in colors])
