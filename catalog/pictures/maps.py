"""Maps of patches on coastlines: the world in equal areas, or a part of it with each footprint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import shapely
from pyproj import Proj

from catalog.pictures.canvas import FAINT, INK, LAND, PAPER, SEA, add_shapes, bare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WORLD_DEGREES: Final = 40.0
"""A map that spans more shows the world."""
_MARGIN: Final = 0.12
_LEAST_DEGREES: Final = 0.35
_HERE: Final = "#d7263d"
_SPECK_DEGREES2: Final = 0.1
_EQUAL_EARTH: Final = Proj("+proj=eqearth +R=1 +over")


@dataclass(frozen=True)
class Marks:
    """What a map shows: patches, each in a colour, drawn in their order."""

    outlines: NDArray[np.object_]
    """Footprints, degrees (OGC:CRS84)."""
    scenes: Sequence[str]
    """The scene of each: on a map of the world a scene is one dot in the colour of most of it."""
    colors: Sequence[str]
    """`#rrggbb` of each."""
    alpha: float = 1.0
    """Opacity of a footprint, 0 to 1."""


class _Dot(NamedTuple):
    point: Floats
    patches: int
    color: str


def draw_map(axes: Axes, marks: Marks, land: Sequence[shapely.Geometry]) -> None:
    """Draw patches on coastlines and borders; degrees (OGC:CRS84)."""
    known = ~shapely.is_missing(marks.outlines)
    bare(axes)
    if not known.any():
        _draw_world(axes, land, [])
        return
    west, south, east, north = shapely.total_bounds(marks.outlines[known]).tolist()
    if max(east - west, north - south) > WORLD_DEGREES:
        _draw_world(axes, land, _dots(marks, known))
    else:
        _draw_region(axes, marks, land, (west, south, east, north))


def _draw_world(axes: Axes, land: Sequence[shapely.Geometry], dots: Sequence[_Dot]) -> None:
    """The world without Antarctica, which has no patches."""
    edge = np.linspace(-90, 90, 181)
    sides = [np.stack([np.full(181, side), edge], 1) for side in (-180.0, 180.0)]
    frame = equal_earth(np.concatenate([sides[0], sides[1][::-1]]))
    add_shapes(axes, [shapely.Polygon(frame)], facecolor=SEA, edgecolor=FAINT, lw=0.4)
    add_shapes(axes, _continents(land), facecolor=LAND, edgecolor=FAINT, lw=0.25)
    meridians = [np.stack([np.full(181, x), edge], 1) for x in (-120.0, -60.0, 0.0, 60.0, 120.0)]
    parallels = [np.stack([2 * edge, np.full(181, y)], 1) for y in (-30.0, 0.0, 30.0, 60.0)]
    for line in (*meridians, *parallels):
        axes.plot(*equal_earth(line).T, color=PAPER, lw=0.4, alpha=0.7)
    if dots:
        x, y = equal_earth(np.array([dot.point for dot in dots])).T
        sizes = [8 + dot.patches / 18 for dot in dots]
        colors = [dot.color for dot in dots]
        axes.scatter(x, y, s=sizes, c=colors, edgecolors=INK, linewidths=0.5, zorder=3)
    low, high = frame.min(axis=0), frame.max(axis=0)
    axes.set_xlim(low[0] * 1.01, high[0] * 1.01)
    axes.set_ylim(low[1] * 0.78, high[1] * 1.01)
    axes.set_aspect("equal", anchor="NW")


def _continents(land: Sequence[shapely.Geometry]) -> list[shapely.Geometry]:
    """Coastlines without what is too small to see: islets, ponds, slivers between countries."""
    parts = shapely.get_parts(shapely.union_all(list(land)))
    large = parts[shapely.area(parts) > _SPECK_DEGREES2]
    filled = [
        shapely.Polygon(part.exterior, [r for r in part.interiors if _area(r) > _SPECK_DEGREES2])
        for part in large
    ]
    return [shapely.transform(shapely.simplify(shape, 0.08), equal_earth) for shape in filled]


def _area(ring: shapely.LinearRing) -> float:
    return float(shapely.Polygon(ring).area)


def _dots(marks: Marks, known: NDArray[np.bool_]) -> list[_Dot]:
    """The scenes, in order of their first patch."""
    centres = shapely.get_coordinates(shapely.point_on_surface(marks.outlines[known]))
    members: dict[str, list[int]] = {}
    for position, number in enumerate(np.flatnonzero(known).tolist()):
        members.setdefault(marks.scenes[number], []).append(position)
    colors = [marks.colors[number] for number in np.flatnonzero(known).tolist()]
    dots = []
    for own in members.values():
        tints = [colors[position] for position in own]
        most = max(dict.fromkeys(tints), key=tints.count)
        dots.append(_Dot(centres[own[len(own) // 2]], len(own), most))
    return dots


def _draw_region(
    axes: Axes,
    marks: Marks,
    land: Sequence[shapely.Geometry],
    bounds: tuple[float, float, float, float],
) -> None:
    west, south, east, north = _window(bounds, axes)
    box = shapely.box(west, south, east, north)
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect(1 / np.cos(np.radians((south + north) / 2)))
    add_shapes(axes, [box], facecolor=SEA, edgecolor="none")
    near = [shapely.intersection(shape, box) for shape in land if shapely.intersects(shape, box)]
    add_shapes(axes, near, facecolor=LAND, edgecolor=FAINT, lw=0.5)
    shown = ~shapely.is_missing(marks.outlines)
    colors = [marks.colors[number] for number in np.flatnonzero(shown).tolist()]
    outlines = marks.outlines[shown].tolist()
    add_shapes(axes, outlines, facecolor=colors, edgecolor=INK, lw=0.15, alpha=marks.alpha)
    _scale_bar(axes, (west, south, east, north))
    add_shapes(axes, [box], facecolor="none", edgecolor=FAINT, lw=0.8)
    inset = axes.inset_axes((0.755, 0.02, 0.235, 0.25))
    bare(inset)
    middle = np.array([(west + east) / 2, (south + north) / 2])
    _draw_world(inset, land, [_Dot(middle, 100, _HERE)])


def _window(
    bounds: tuple[float, float, float, float], axes: Axes
) -> tuple[float, float, float, float]:
    """A box around the bounds, with a margin, of the shape of the axes."""
    west, south, east, north = bounds
    middle = np.array([(west + east) / 2, (south + north) / 2])
    stretch = float(np.cos(np.radians(middle[1])))
    across = max((east - west) * stretch, _LEAST_DEGREES)
    along = max(north - south, _LEAST_DEGREES)
    frame = axes.get_position()
    figure = axes.figure.get_size_inches()
    shape = (frame.width * figure[0]) / (frame.height * figure[1])
    height = max(along, across / shape) * (1 + 2 * _MARGIN)
    half = np.array([height * shape / stretch / 2, height / 2])
    low, high = middle - half, middle + half
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _scale_bar(axes: Axes, window: tuple[float, float, float, float]) -> None:
    """A round number of kilometres, at the lower left."""
    west, south, east, north = window
    per_degree = 111.32 * float(np.cos(np.radians(south)))
    wanted = (east - west) * per_degree / 4
    power = 10 ** np.floor(np.log10(wanted))
    length = float(max(step for step in (1, 2, 5) if step * power <= wanted) * power)
    x, y = west + (east - west) * 0.03, south + (north - south) * 0.035
    axes.plot([x, x + length / per_degree], [y, y], color=INK, lw=2, solid_capstyle="butt")
    axes.text(
        x, y + (north - south) * 0.012, f"{length:g} km", fontsize=7.5, color=INK, va="bottom"
    )


def equal_earth(degrees: Any) -> Floats:
    """Longitude and latitude (n, 2) in the Equal Earth projection of a unit sphere."""
    longitude, latitude = np.asarray(degrees, float).T
    return np.stack(_EQUAL_EARTH(longitude, latitude), axis=1)
