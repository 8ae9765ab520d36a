"""What was asked, in a few words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from catalog.query.regions import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST: Final = 48
_NO_NEWS: Final = {"predicate": "intersects"}
"""What goes without saying."""


def described(given: Mapping[str, Any]) -> str:
    """Filters: `region=Europe, season=summer`."""
    return ", ".join(
        f"{name}={_short(value)}" for name, value in given.items() if _NO_NEWS.get(name) != value
    )


def _short(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        more = f"|… {len(value):,} in all" if len(value) > 3 else ""
        return "|".join(_short(one) for one in value[:3]) + more
    kind, _, name = str(value).partition(":")
    text = " ".join((name if kind in KINDS else str(value)).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
