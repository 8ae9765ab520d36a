"""What was asked, in a few words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from catalog.query.regions import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST: Final = 48
_ALL_OF: Final = ("cover", "cloud_cover", "sensor", "where", "filter")
"""Several of these hold together; of others, one is enough."""
_NAMED: Final = ("cover", "cloud_cover")
"""Conditions that begin with the name."""
_NO_NEWS: Final = {"predicate": "intersects"}
"""What goes without saying."""


def described(given: Mapping[str, Any]) -> str:
    """Filters: `region=Europe, season=summer`."""
    return ", ".join(
        ("" if name in _NAMED else f"{name}=") + _short(value, " & " if name in _ALL_OF else "|")
        for name, value in given.items()
        if _NO_NEWS.get(name) != value
    )


def _short(value: Any, between: str) -> str:
    if isinstance(value, (list, tuple)):
        more = f"{between}… {len(value):,} in all" if len(value) > 3 else ""
        return between.join(_short(one, between) for one in value[:3]) + more
    kind, _, name = str(value).partition(":")
    text = " ".join((name if kind in KINDS else str(value)).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
