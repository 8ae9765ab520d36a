"""A subset at a glance: where it is, what is in it, and what that looks like."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, Final

from catalog.errors import UnreadableWarning
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

    from catalog.datasets import Dataset

THUMBNAIL: Final = "thumbnail"
"""The preview that shows a patch in a tile."""
_SEASON_COLORS: Final = ("#7fb069", "#e6aa2e", "#c8643c", "#5b8fb9")
"""In the order of the dataset: spring, summer, fall, winter."""
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


def draw_subset(dataset: Dataset, subset: Subset) -> Figure:
    """Map, bars and sheet in one figure; warns of sample patches that cannot be read.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    rows = -(-len(subset.tiles) // _COLUMNS)
    cover_colors = dataset.cover_colors
    height = _TOP + rows * _ROW + (0.25 if rows else 0)
    figure = new_figure(_WIDTH, height)
    split = (height - _TOP) / height
    covers = subset.columns["dominant_cover"]
    seasons = Counter(subset.columns["season"])
    figure.text(0.02, 1 - 0.3 / height, _headline(subset), fontsize=13, color=INK, va="center")
    axes = figure.add_axes((0.02, split + 0.2 / height, 0.69, (_TOP - 0.8) / height))
    colors = [cover_colors.get(cover, MISSING) for cover in covers]
    draw_map(axes, Marks(subset.outlines, subset.columns["scene_id"], colors), subset.land)
    counts = _cover_counts(covers, dataset.covers)
    top = figure.add_axes((0.785, split + 1.65 / height, 0.205, (_TOP - 2.35) / height))
    draw_bars(top, "Dominant cover", counts, [cover_colors.get(k, MISSING) for k, _ in counts])
    bottom = figure.add_axes((0.785, split + 0.25 / height, 0.205, 0.95 / height))
    by_season = [(season, seasons[season]) for season in dataset.seasons]
    draw_bars(bottom, "Season", by_season, [*islice(cycle(_SEASON_COLORS), len(by_season))])
    if rows:
        draw_sheet(figure, subset.tiles, (0.02, 0.012, 0.96, split - 0.3 / height), _COLUMNS)
        note = _sheet_note(dataset)
        figure.text(0.02, split - 0.02 / height, note, fontsize=8.5, color=FAINT, va="center")
        _warn_of_gaps(subset.tiles)
    return figure


def _sheet_note(dataset: Dataset) -> str:
    """What the panels of a tile show: the titles of their previews, or else of their sensors."""
    titles = {name: sensor.title for name, sensor in dataset.sensors.items()}
    titles |= {
        preview.sensors[0]: preview.title
        for preview in dataset.previews.values()
        if len(preview.sensors) == 1
    }
    return "  ·  ".join(titles[sensor] for sensor in dataset.previews[THUMBNAIL].sensors)


def _warn_of_gaps(tiles: Sequence[Tile]) -> None:
    broken = sum(not tile.picture.complete for tile in tiles)
    if broken:
        warnings.warn(
            f"{broken} of {len(tiles)} sample patches have missing or unreadable files, which are "
            "drawn grey; if the dataset was moved, name its root",
            UnreadableWarning,
            stacklevel=3,
        )


def _headline(subset: Subset) -> str:
    patches = len(subset.outlines)
    scenes = len(set(subset.columns["scene_id"]))
    countries = len(set(subset.columns["country"]) - {None})
    names = ((patches, "patch", "patches"), (scenes, "scene", "scenes"))
    parts = [f"{count:,} {one if count == 1 else many}" for count, one, many in names]
    places = f" in {countries} {'country' if countries == 1 else 'countries'}" if countries else ""
    return " of ".join(parts) + places


def _cover_counts(covers: Sequence[str | None], legend: Sequence[str]) -> list[tuple[str, int]]:
    """By class in order of the legend; patches without a class come last."""
    counts = Counter(covers)
    known = [(cover, counts[cover]) for cover in legend]
    return [*known, ("unknown", counts[None])] if counts[None] else known
