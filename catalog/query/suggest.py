"""Names that somebody may have meant."""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def folded(name: str) -> str:
    """A name without case and accents: `Québec` as `quebec`."""
    letters = unicodedata.normalize("NFKD", name.strip())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()


def near_matches(name: str, known: Iterable[str]) -> list[str]:
    """Up to three known names that resemble this one, the nearest first."""
    by_folded = {folded(candidate): candidate for candidate in known}
    matches = get_close_matches(folded(name), by_folded, n=3, cutoff=0.6)
    return [by_folded[match] for match in matches]


def unknown_name(what: str, name: str, known: Iterable[str]) -> str:
    """A sentence: there is no such thing, and what there is."""
    names = list(known)
    matches = near_matches(name, names)
    hint = (
        f"did you mean {' or '.join(matches)}?" if matches else f"it is one of {', '.join(names)}"
    )
    return f"there is no {what} {name!r}: {hint}"
