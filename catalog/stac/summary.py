"""What the catalogs above a scene say of it, from its rows."""

from __future__ import annotations

from collections import Counter
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from catalog.stac.collection import SceneSummary
from catalog.stac.item import dominant_covers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from catalog.model import SceneKey


def summary_of(
    key: SceneKey, rows: Sequence[Mapping[str, Any]], country_names: Mapping[str, str]
) -> SceneSummary:
    """Sum up a scene.

    Parameters
    ----------
    key : SceneKey
        Season, scene.
    rows : sequence of mapping
        Its rows by the column contract, at least one.
    country_names : mapping
        English names by ISO 3166-1 alpha-3 code.
    """
    countries = _known(rows, "sen12ms:country")
    covers = Counter(filter(None, _covers(rows)))
    outlines = shapely.from_wkb([row["geometry"] for row in rows])
    west, south, east, north = shapely.total_bounds(outlines).tolist()
    return SceneSummary(
        key=key,
        patches=len(rows),
        bbox=None if isnan(west) else (west, south, east, north),
        country=country_names[countries.most_common(1)[0][0]] if countries else None,
        cover=covers.most_common(1)[0][0] if covers else None,
        countries=tuple(sorted(countries)),
        continents=tuple(sorted(_known(rows, "sen12ms:continent"))),
        crs=tuple(sorted(_known(rows, "proj:code"))),
    )


def _known(rows: Sequence[Mapping[str, Any]], column: str) -> Counter[str]:
    return Counter(row[column] for row in rows if row[column])


def _covers(rows: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """The dominant simplified class of each patch that has land cover."""
    counts = [row["sen12ms:igbp"] for row in rows if row["sen12ms:igbp"] is not None]
    if not counts:
        return []
    return dominant_covers({name: np.array([row[name] for row in counts]) for name in counts[0]})
