"""Why a selection is empty: which filter leaves nothing, and what is nearest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pyproj import Geod

from catalog.model import counted
from catalog.query.regions import bounds_of
from catalog.query.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from catalog.query.question import Question
    from catalog.reading.catalog import Catalog

_COMPARED_COUNTRY: Final = re.compile(r"\bcountry\s*(=|in\b|like\b)", re.IGNORECASE)
_DETAIL: Final = "predicate"
"""Means nothing without a region."""


def nothing_found(cat: Catalog, filters: Mapping[str, Any]) -> list[str]:
    """Sentences for a selection without patches: what was asked, and what is nearest.

    Parameters
    ----------
    cat : Catalog
        What was asked.
    filters : mapping
        Arguments of `Catalog.select`, which give no patch.
    """
    question = cat.select(**filters).question
    asked = question.words
    lines = [f"No patch passes the filters: {asked}." if asked else "The catalog has no patches."]
    return [
        *lines,
        *_codes(filters),
        *_without_files(cat, filters),
        *_one_less(cat, filters),
        *_nearest(cat, question),
    ]


def _codes(filters: Mapping[str, Any]) -> Iterator[str]:
    """What the column of countries holds, if it is compared."""
    texts = [filters.get("where") or "", filters.get("filter") or ""]
    if _COMPARED_COUNTRY.search(str(texts)):
        yield "The column country holds ISO codes, such as KOR: --region takes names."


def _without_files(cat: Catalog, filters: Mapping[str, Any]) -> Iterator[str]:
    """Sensors that a filter needs, of which the catalog has no file; cloud cover it needs."""
    needed = filters.get("sensor") or ()
    needed = {needed} if isinstance(needed, str) else set(needed)
    if "cover" in filters:
        needed.add(cat.dataset.classified)
    for sensor in (name for name in cat.dataset.sensors if name in needed):
        if not len(cat.select(sensor=sensor)):
            yield (
                f"No patch of this catalog has {sensor}: index those files, or archives, with "
                "`sen12ms index … --add`."
            )
    if "cloud_cover" in filters and not len(cat.select(cloud_cover=100)):
        yield (
            "The cloud cover of no patch is known: name a table of it as "
            "`sen12ms index … --cloud-cover TABLE`."
        )


def _one_less(cat: Catalog, filters: Mapping[str, Any]) -> Iterator[str]:
    """How many patches there are without one of the filters."""
    names = [name for name in filters if name != _DETAIL]
    if len(names) < 2:
        return
    for left_out in names:
        others = {name: value for name, value in filters.items() if name != left_out}
        if found := len(cat.select(**others)):
            yield f"Without {left_out}: {counted(found, 'patch')}."


def _nearest(cat: Catalog, question: Question) -> Iterator[str]:
    """The scene nearest to the bounding box of what was asked for, if none lies in it."""
    regions = [region for each in question.locations if each.inside for region in each.regions]
    if not regions:
        return
    west, south, east, north = bounds_of(regions)
    geod = Geod(ellps="WGS84")
    found = []
    for scene, country, lon, lat in cat.session.fetch(statement("queries/scene_centres")):
        if lon is not None:
            at = min(max(lon, west), east), min(max(lat, south), north)
            metres = geod.inv(lon, lat, *at)[2]
            found.append((metres, scene, country))
    if found and (nearest := min(found, key=lambda each: each[0]))[0] > 0:
        place = f" ({nearest[2]})" if nearest[2] else ""
        yield f"The nearest scene is {nearest[1]}{place}, {nearest[0] / 1000:,.0f} km from there."
