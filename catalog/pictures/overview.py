"""A subset at a glance: where it is, what is in it, and what that looks like."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from catalog.datasets.legacy import COVER_COLORS, COVERS, SEASONS
from catalog.pictures.bars import draw_bars
from catalog.pictures.canvas import FAINT, INK, MISSING, new_figure
from catalog.pictures.maps import Marks, draw_map
from catalog.pictures.sheet import Tile, draw_sheet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import shapely
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

SEASON_COLORS: Final = {
    "spring": "#7fb069",
    "summer": "#e6aa2e",
    "fall": "#c8643c",
    "winter": "#5b8fb9",
}
_COLUMNS: Final = 4
_WIDTH: Final = 12.0
_TOP: Final = 4.55  # inches of map and bars
_ROW: Final = 1.25  # inches of a row of tiles


@dataclass(frozen=True)
class Subset:
    """What is drawn."""

    columns: Mapping[str, Sequence[Any]]
    """`scene_id`, `season`, `country` and `dominant_cover`, a value a patch."""
    outlines: NDArray[np.object_]
    """Footprints, degrees (OGC:CRS84)."""
    land: Sequence[shapely.Geometry]
    """Countries, degrees (OGC:CRS84)."""
    tiles: Sequence[Tile]
    """Sample patches."""


def draw_subset(subset: Subset) -> Figure:
    """Map, bars and sheet in one figure.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    rows = -(-len(subset.tiles) // _COLUMNS)
    height = _TOP + rows * _ROW + (0.25 if rows else 0)
    figure = new_figure(_WIDTH, height)
    split = (height - _TOP) / height
    covers = subset.columns["dominant_cover"]
    seasons = Counter(subset.columns["season"])
    figure.text(0.02, 1 - 0.3 / height, _headline(subset), fontsize=13, color=INK, va="center")
    axes = figure.add_axes((0.02, split + 0.2 / height, 0.69, (_TOP - 0.8) / height))
    colors = [COVER_COLORS.get(cover, MISSING) for cover in covers]
    draw_map(axes, Marks(subset.outlines, subset.columns["scene_id"], colors), subset.land)
    counts = _cover_counts(covers)
    top = figure.add_axes((0.785, split + 1.65 / height, 0.205, (_TOP - 2.35) / height))
    draw_bars(top, "Dominant cover", counts, [COVER_COLORS.get(k, MISSING) for k, _ in counts])
    bottom = figure.add_axes((0.785, split + 0.25 / height, 0.205, 0.95 / height))
    by_season = [(season, seasons[season]) for season in SEASONS]
    draw_bars(bottom, "Season", by_season, [SEASON_COLORS[season] for season in SEASONS])
    if rows:
        draw_sheet(figure, subset.tiles, (0.02, 0.012, 0.96, split - 0.3 / height), _COLUMNS)
        figure.text(
            0.02, split - 0.02 / height, _SHEET_NOTE, fontsize=8.5, color=FAINT, va="center"
        )
    return figure


_SHEET_NOTE: Final = (
    "Sentinel-2 true colour  ·  Sentinel-1 VV, VH and their ratio  ·  IGBP land cover"
)


def _headline(subset: Subset) -> str:
    patches = len(subset.outlines)
    scenes = len(set(subset.columns["scene_id"]))
    countries = len(set(subset.columns["country"]) - {None})
    names = ((patches, "patch", "patches"), (scenes, "scene", "scenes"))
    parts = [f"{count:,} {one if count == 1 else many}" for count, one, many in names]
    places = f" in {countries} {'country' if countries == 1 else 'countries'}" if countries else ""
    return " of ".join(parts) + places


def _cover_counts(covers: Sequence[str | None]) -> list[tuple[str, int]]:
    """By class in order of the legend; what has none comes last."""
    counts = Counter(covers)
    known = [(cover, counts[cover]) for cover in COVERS]
    return [*known, ("unknown", counts[None])] if counts[None] else known
