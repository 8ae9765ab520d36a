"""Names that somebody may have meant."""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_NEAR: Final = 0.6


def without_accents(name: str) -> str:
    """A name without case and accents: `Québec` as `quebec`."""
    letters = unicodedata.normalize("NFKD", name.strip())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()


def near_matches(name: str, known: Iterable[str], least: float = _NEAR) -> list[str]:
    """Up to three known names that resemble this one, the nearest first.

    Parameters
    ----------
    name : str
        What was written.
    known : iterable of str
        What there is.
    least : float
        Least similarity, 0 to 1, as `difflib` measures it.
    """
    by_plain_name = {without_accents(candidate): candidate for candidate in known}
    matches = get_close_matches(without_accents(name), by_plain_name, n=3, cutoff=least)
    return [by_plain_name[match] for match in matches]


def unknown_name(what: str, name: str, known: Iterable[str]) -> str:
    """A sentence: there is no such thing, and what there is."""
    names = list(known)
    matches = near_matches(name, names)
    hint = (
        f"did you mean {' or '.join(matches)}?" if matches else f"it is one of {', '.join(names)}"
    )
    return f"there is no {what} {name[:60]!r}: {hint}"
