"""What `select` may be asked, checked before any SQL runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any, Final

from catalog.datasets.legacy import COVERS, SEASONS, SENSORS, classes_of
from catalog.errors import FilterError
from catalog.query.suggest import unknown_name

Shares = Mapping[str, float | Sequence[float]] | Iterable[str]
"""`{"forest": 0.5}` for at least, `{"water": (0, 0.1)}` for between, or `["forest>=0.5"]`."""

PREDICATES: Final = ("intersects", "within", "centroid")
SPLITS: Final = ("train", "test")

_CONDITION: Final = re.compile(r"\s*([\w.]+)\s*(>=|<=)\s*(-?(?:\d+\.?\d*|\.\d+)(?:[eE]-?\d+)?)\s*")
_SCHEMES: Final = {
    "cover": COVERS,
    "igbp": tuple(entry.name for entry in classes_of("igbp")),
}
_NO_BOUND: Final = {
    f"{scheme}_{name}_{bound}": None
    for scheme, names in _SCHEMES.items()
    for name in names
    for bound in ("low", "high")
}


def filter_parameters(
    *,
    season: str | Iterable[str] | None = None,
    local_season: str | Iterable[str] | None = None,
    split: str | Iterable[str] | None = None,
    sensor: str | Iterable[str] | None = None,
    complete: bool | None = None,
    cover: Shares | None = None,
) -> dict[str, Any]:
    """Parameters of `sql/queries/select.sql`, all but the box.

    Raises
    ------
    FilterError
        If a name or a share does not exist; the message names near matches.
    """
    sensors = names_of("sensor", sensor, SENSORS) or []
    if complete not in {None, True, False}:
        raise FilterError(f"complete={complete!r} is no filter: give True, False or None")
    return {
        "season": names_of("season", season, SEASONS),
        "local_season": names_of("season", local_season, SEASONS),
        "split": names_of("split", split, SPLITS),
        **{name: True if name in sensors else None for name in SENSORS},
        "complete": complete,
        **_NO_BOUND,
        **_bounds(cover),
    }


def names_of(
    what: str, given: str | Iterable[str] | None, known: Iterable[str]
) -> list[str] | None:
    """One name or several as a list, each of them known; None for no filter.

    Raises
    ------
    FilterError
        If there is no such name, or the list is empty.
    """
    if given is None:
        return None
    if not isinstance(given, Iterable):
        raise FilterError(f"{given!r} is no {what}: it is one of {', '.join(known)}")
    names = [given] if isinstance(given, str) else list(given)
    if not names:
        raise FilterError(f"the list of {what}s is empty: leave it out to take all")
    options = list(known)
    for name in names:
        if name not in options:
            raise FilterError(unknown_name(what, str(name), options))
    return names


def _bounds(cover: Shares | None) -> dict[str, float]:
    if cover is None:
        return {}
    if isinstance(cover, str):
        cover = [cover]
    if isinstance(cover, Mapping):
        given = _from_mapping(cover)
    elif isinstance(cover, Iterable):
        given = map(_from_text, cover)
    else:
        raise FilterError(
            f"{cover!r} names no class: write {{'forest': {cover}}} or 'forest>={cover}'"
        )
    bounds: dict[str, float] = {}
    for name, bound, share in given:
        key = f"{_class_key(name)}_{bound}"
        if not 0 <= share <= 1:
            raise FilterError(
                f"{name} {share:g} is no share: give a number from 0 to 1, such as 0.5"
            )
        tighter = max if bound == "low" else min
        bounds[key] = tighter(share, bounds.get(key, share))
    return bounds


def _from_mapping(
    cover: Mapping[str, float | Sequence[float]],
) -> Iterable[tuple[str, str, float]]:
    for name, value in cover.items():
        if isinstance(value, Real):
            yield name, "low", float(value)
        elif isinstance(value, (list, tuple)) and [isinstance(part, Real) for part in value] == [
            True,
            True,
        ]:
            low, high = float(value[0]), float(value[1])
            if low > high:
                raise FilterError(f"{name}: {value!r} is upside down: give (lowest, highest)")
            yield name, "low", low
            yield name, "high", high
        else:
            raise FilterError(
                f"{name}: {value!r} is no share: give one number, or (lowest, highest)"
            )


def _from_text(condition: str) -> tuple[str, str, float]:
    match = _CONDITION.fullmatch(str(condition))
    if match is None:
        raise FilterError(f"{condition!r} is no condition: write 'forest>=0.5' or 'forest<=0.5'")
    return match[1], "low" if match[2] == ">=" else "high", float(match[3])


def _class_key(name: str) -> str:
    """`cover_forest` for `forest`: simplified classes come first, `igbp.savanna` says otherwise."""
    scheme, _, short = name.rpartition(".")
    for candidate in [scheme] if scheme in _SCHEMES else _SCHEMES if not scheme else ():
        if short in _SCHEMES[candidate]:
            return f"{candidate}_{short}"
    known = dict.fromkeys([*COVERS, *_SCHEMES["igbp"]])
    raise FilterError(unknown_name("land-cover class", name, known))
