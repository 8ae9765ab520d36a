"""Templates of names as regular expressions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMBER: Final = r"0|[1-9][0-9]{0,5}"
_FIELD: Final = re.compile(r"\{(\w+)\}")


def pattern_of(template: str, sensors: Iterable[str]) -> re.Pattern[str]:
    """What matches the names that a template makes, with a group for each of its fields.

    Parameters
    ----------
    template : str
        With fields in braces: `roi`, `season`, `sensor`, `scene`, `patch`.
    sensors : iterable of str
        What `sensor` may be.
    """
    fields = {
        "roi": r"ROIs[0-9]{4}",
        "season": r"[a-z]+",
        "sensor": "|".join(map(re.escape, sensors)),
        "scene": _NUMBER,
        "patch": _NUMBER,
    }
    parts = _FIELD.split(template)
    for position in range(0, len(parts), 2):
        parts[position] = re.escape(parts[position])
    for position in range(1, len(parts), 2):
        parts[position] = f"(?P<{parts[position]}>{fields[parts[position]]})"
    return re.compile("".join(parts))
