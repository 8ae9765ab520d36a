"""Figures, and the few marks that all of them are made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import shapely

from catalog.errors import MissingExtraError, OutputError
from catalog.store.outputs import whole_file

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path as Outline

INK: Final = "#26323d"
FAINT: Final = "#8a97a3"
SEA: Final = "#eaf1f6"
LAND: Final = "#d9ddd6"
PAPER: Final = "#ffffff"
MISSING: Final = "#8f8f8f"
"""Colour of patches without a class."""
DPI: Final = 150
_FORMATS: Final[Mapping[str, Mapping[str, None]]] = {
    ".png": {"Software": None},
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    ".svg": {"Creator": None, "Date": None},
}
"""Endings of pictures, with what would make two files of one picture differ."""


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
    """Write a figure, as its ending says: the same bytes for the same picture.

    Raises
    ------
    OutputError
        If pictures are not written in that format, or the path cannot be written.
    """
    ending = checked_picture(path)
    from matplotlib import rc_context

    with whole_file(path) as partial, rc_context({"svg.hashsalt": "sen12ms"}):
        figure.savefig(partial, format=ending.removeprefix("."), metadata=_FORMATS[ending])


def checked_picture(path: str | os.PathLike[str]) -> str:
    """The ending of a picture's path.

    Raises
    ------
    OutputError
        If pictures are not written in that format.
    """
    ending = Path(path).suffix.lower()
    if ending not in _FORMATS:
        raise OutputError(f"{path} has no ending of a picture: use {', '.join(_FORMATS)}")
    return ending


def add_shapes(axes: Axes, shapes: Sequence[shapely.Geometry], **style: Any) -> None:
    """Draw polygons, holes and all; `style` is matplotlib's, a value for each or one for all."""
    from matplotlib.collections import PathCollection

    paths = [_path(shape) for shape in shapes if not shapely.is_empty(shape)]
    axes.add_collection(PathCollection(paths, **style), autolim=False)


def _path(shape: shapely.Geometry) -> Outline:
    from matplotlib.path import Path as Outline

    rings = [
        shapely.get_coordinates(ring)
        for part in shapely.get_parts(shape)
        if part.geom_type == "Polygon"
        for ring in (part.exterior, *part.interiors)
    ]
    return Outline.make_compound_path(*(Outline(ring, closed=True) for ring in rings))


def bare(axes: Axes) -> None:
    """No frame, no ticks."""
    axes.set_axis_off()


def title(axes: Axes, text: str, note: str = "") -> None:
    """A heading at the upper left, and a fainter note after it."""
    axes.set_title(text, loc="left", fontsize=10, color=INK, fontweight="bold", pad=6)
    if note:
        axes.set_title(note, loc="right", fontsize=8.5, color=FAINT, pad=6)
