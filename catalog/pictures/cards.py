"""What a notebook shows of a selection: HTML with a small map and a table, without matplotlib."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any, Final

import shapely

from catalog.pictures.canvas import LAND, MISSING, SEA
from catalog.pictures.land import land_from_pieces
from catalog.store.geoparquet import read_countries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_SIMPLIFIED_DEGREES: Final = 1.0
_LEAST_DEGREES2: Final = 4.0
"""Smaller islands are left out of the small map."""


def card(
    title: str,
    asked: str,
    scenes: Iterable[tuple[float, float, str | None]],
    answer: tuple[Sequence[str], Sequence[Sequence[Any]]],
    colors: Mapping[str, str],
    pictures: Iterable[tuple[str, bytes]],
) -> str:
    """A selection as HTML.

    Parameters
    ----------
    title, asked : str
        What it is, and what was asked.
    scenes : iterable of (longitude, latitude, class)
        A dot each on the map, degrees.
    answer : (columns, rows)
        A table of the first few patches.
    colors : mapping
        The colour of each class.
    pictures : iterable of (id, JPEG)
        What some of the patches look like.
    """
    dots = "".join(
        f'<circle cx="{lon:.1f}" cy="{-lat:.1f}" r="3" fill="{colors.get(cover or "", MISSING)}" '
        'stroke="#333" stroke-width=".5"/>'
        for lon, lat, cover in scenes
        if lon is not None
    )
    return (
        f"<div><b>{escape(title)}</b><br>{escape(asked)}"
        '<svg viewBox="-180 -84 360 144" width="540" style="display:block;max-width:100%;'
        f'background:{SEA}"><path d="{_land()}" fill="{LAND}"/>{dots}</svg>'
        f"{html_table(*answer)}{''.join(_picture(*each) for each in pictures)}</div>"
    )


def _picture(name: str, jpeg: bytes) -> str:
    data, name = b64encode(jpeg).decode(), escape(name)
    return (
        f'<img src="data:image/jpeg;base64,{data}" alt="{name}" title="{name}" style="margin:4px">'
    )


def html_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows as an HTML table; nothing without rows."""
    if not rows:
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{'' if cell is None else escape(str(cell))}</td>" for cell in row)
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


@cache
def _land() -> str:
    """Coastlines as the path of an SVG, in whole degrees."""
    land = shapely.union_all(land_from_pieces(read_countries())).simplify(_SIMPLIFIED_DEGREES)
    parts = [part for part in shapely.get_parts(land) if part.area > _LEAST_DEGREES2]
    rings = (shapely.get_coordinates(part.exterior) for part in parts)
    return "".join("M" + " ".join(f"{x:.0f},{-y:.0f}" for x, y in ring) + "Z" for ring in rings)
