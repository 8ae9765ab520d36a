"""Several lists of patches on one map, each in its colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from catalog.pictures.canvas import INK, new_figure
from catalog.pictures.maps import Marks, draw_map

if TYPE_CHECKING:
    from collections.abc import Sequence

    import shapely
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

A_COLOR: Final = "#7a9cc0"
B_COLOR: Final = "#e8b44c"
LEAK_COLOR: Final = "#d7263d"
LAYER_ALPHA: Final = 0.6
"""Opacity of a layer."""


class Layer(NamedTuple):
    """One list of patches."""

    name: str
    """For the legend."""
    color: str
    """`#rrggbb`."""
    scenes: Sequence[str]
    """The scene of each patch."""
    outlines: NDArray[np.object_]
    """Footprints, degrees (OGC:CRS84)."""


def draw_layers(layers: Sequence[Layer], land: Sequence[shapely.Geometry]) -> Figure:
    """Draw a map and its legend, the later layers over the earlier.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    figure = new_figure(9, 4.4)
    x = 0.02
    for layer in layers:
        figure.text(x, 0.95, "●", color=layer.color, fontsize=13, va="center")
        figure.text(x + 0.02, 0.95, layer.name, color=INK, fontsize=10, va="center")
        x += 0.05 + 0.0095 * len(layer.name)
    axes = figure.add_axes((0.02, 0.02, 0.96, 0.88))
    marks = Marks(
        outlines=np.concatenate([layer.outlines for layer in layers]),
        # A dot for each layer of a scene, so that patches that leak are seen.
        scenes=[f"{layer.name} {scene}" for layer in layers for scene in layer.scenes],
        colors=[layer.color for layer in layers for _ in layer.scenes],
        alpha=LAYER_ALPHA,
    )
    draw_map(axes, marks, land)
    return figure
