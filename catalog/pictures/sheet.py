"""Sheets of sample patches: their images, side by side."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from catalog.pictures.canvas import FAINT, INK, bare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from catalog.source.preview import PreviewImage


class Tile(NamedTuple):
    """One patch of a sheet."""

    title: str
    """Its name."""
    note: str
    """What it is."""
    picture: PreviewImage
    """Its panels, side by side."""


def draw_sheet(
    figure: Figure, tiles: Sequence[Tile], box: tuple[float, float, float, float], columns: int
) -> None:
    """Draw tiles in rows.

    Parameters
    ----------
    figure : matplotlib Figure
        Where.
    tiles : sequence of Tile
        Left to right, top to bottom.
    box : (float, float, float, float)
        Left, bottom, width and height, as shares of the figure.
    columns : int
        Tiles in a row.
    """
    from matplotlib.image import imread

    rows = -(-len(tiles) // columns)
    grid = figure.add_gridspec(
        rows,
        columns,
        left=box[0],
        bottom=box[1],
        right=box[0] + box[2],
        top=box[1] + box[3],
        wspace=0.05,
        hspace=0.3,
    )
    for number, tile in enumerate(tiles):
        axes = figure.add_subplot(grid[divmod(number, columns)])
        axes.imshow(imread(BytesIO(tile.picture.png)), interpolation="antialiased")
        bare(axes)
        axes.set_title(tile.title, loc="left", fontsize=7, color=INK, pad=3)
        axes.set_title(tile.note, loc="right", fontsize=7, color=FAINT, pad=3)
