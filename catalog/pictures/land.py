"""Countries to draw patches on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def land_from_pieces(pieces: Iterable[Mapping[str, Any]]) -> list[shapely.Geometry]:
    """Countries, whole, from rows with `name` and `geometry` (WKB): one shape each, by name."""
    by_name: dict[str, list[bytes]] = {}
    for piece in pieces:
        by_name.setdefault(piece["name"], []).append(piece["geometry"])
    return [
        shapely.union_all(np.asarray(shapely.from_wkb(by_name[name]))) for name in sorted(by_name)
    ]
