"""Samples: so many patches, of each kind as many as wanted, and the same ones everywhere."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from catalog.errors import FilterError, ShortageWarning
from catalog.experiment.deterministic_rank import chances
from catalog.experiment.places import columns_of
from catalog.experiment.strata import strata_of
from catalog.query.conditions import names_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.reading.selection import Selection

Balance = str | Mapping[str, float]
"""`equal`, `proportional`, or a weight for each stratum."""

BALANCES: Final = ("equal", "proportional")


@dataclass(frozen=True, slots=True)
class Stratum:
    """How one kind of patches came out."""

    name: str
    """Value of the column that was stratified by."""
    available: int
    """Patches of this kind in the selection."""
    wanted: int
    """How many were asked for."""
    taken: int
    """How many are in the sample."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample, and what it is short of."""

    selection: Selection
    """The patches."""
    strata: tuple[Stratum, ...]
    """How each kind came out, by name."""

    @property
    def shortages(self) -> tuple[Stratum, ...]:
        """The kinds of which there are fewer than were asked for."""
        return tuple(stratum for stratum in self.strata if stratum.taken < stratum.wanted)


def sample(
    selection: Selection,
    n: float,
    *,
    stratify: str | None = None,
    balance: Balance = "proportional",
    max_per_scene: int | None = None,
    seed: int = 0,
) -> Sample:
    """Draw patches from a selection: those with the least chance, which depends on id and seed.

    Parameters
    ----------
    selection : Selection
        What to draw from.
    n : int or float
        How many patches, or, below 1, which fraction of them.
    stratify : str, optional
        A column of `STRATA`: each of its values is a stratum.
    balance : {'equal', 'proportional'} or mapping
        As many of each stratum, as many as its share of the selection, or by a weight for each;
        strata without a weight are left out.
    max_per_scene : int, optional
        At most so many patches of one scene, since neighbours overlap by half.
    seed : int
        Another seed is another sample.

    Returns
    -------
    Sample
        Fewer than asked for where a stratum has no more; that is also a `ShortageWarning`.

    Raises
    ------
    FilterError
        If an argument makes no sense.
    """
    columns = columns_of(selection)
    strata = strata_of(columns, stratify)
    size = _checked_size(n, len(strata))
    if max_per_scene is not None and max_per_scene < 1:
        raise FilterError(f"max_per_scene={max_per_scene} leaves nothing: give 1 or more")
    available = Counter(strata)
    wanted = quotas(size, available, balance)
    luck = chances(columns["id"], seed)
    members = draw(strata, wanted, luck.tolist(), (columns["scene_id"], max_per_scene))
    taken = Counter(strata[member] for member in members)
    report = tuple(
        Stratum(name, available[name], wanted[name], taken[name]) for name in sorted(wanted)
    )
    step = {
        "step": "sample",
        "n": n if n < 1 else size,
        "stratify": stratify,
        "balance": balance if isinstance(balance, str) else dict(balance),
        "max_per_scene": max_per_scene,
        "seed": seed,
    }
    picked = selection.pick([columns["id"][member] for member in members], step=step)
    drawn = Sample(picked, report)
    if drawn.shortages:
        warnings.warn(shortage(drawn), ShortageWarning, stacklevel=2)
    return drawn


def shortage(drawn: Sample) -> str:
    """What a sample is short of, in one sentence."""
    kinds = ", ".join(
        f"{entry.taken:,} of {entry.wanted:,} {entry.name}" for entry in drawn.shortages
    )
    return f"the sample is short of patches: {kinds}"


def _checked_size(n: float, available: int) -> int:
    if not n > 0 or (n > 1 and n != int(n)):
        raise FilterError(f"n={n:g} is no size: give a number of patches, or a fraction below 1")
    return round(n * available) if n < 1 else int(n)


def quotas(size: int, available: Mapping[str, int], balance: Balance) -> dict[str, int]:
    """How many patches each stratum should give (largest remainders; of equals the first by name).

    Raises
    ------
    FilterError
        If the balance is unknown, or names a stratum that the selection does not have.
    """
    weights = _weights(available, balance)
    total = sum(weights.values())
    exact = {name: size * weight / total for name, weight in sorted(weights.items())}
    wanted = {name: int(share) for name, share in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (wanted[name] - exact[name], name))
    for name in by_remainder[: size - sum(wanted.values())]:
        wanted[name] += 1
    return wanted


def _weights(available: Mapping[str, int], balance: Balance) -> dict[str, float]:
    if not available:
        raise FilterError("there are no patches to draw from: the selection is empty")
    if isinstance(balance, Mapping):
        names_of("stratum", balance, sorted(available))
        if min(balance.values()) < 0 or not sum(balance.values()) > 0:
            raise FilterError("weights must not be negative, and one must be positive")
        return {name: float(weight) for name, weight in balance.items()}
    names_of("balance", balance, BALANCES)
    equal = balance == "equal"
    return {name: 1.0 if equal else float(count) for name, count in available.items()}


def draw(
    strata: Sequence[str],
    wanted: Mapping[str, int],
    luck: Sequence[int],
    limit: tuple[Sequence[str], int | None],
) -> list[int]:
    """Which patches are drawn, in order.

    The scarcest stratum draws first, so that a limit by scene takes least from it.

    Parameters
    ----------
    strata, luck : sequences
        Stratum and chance of each patch: the least is drawn first.
    wanted : mapping
        How many of each stratum.
    limit : (sequence, int or None)
        The scene of each patch, and how many of one scene may be drawn.
    """
    scenes, most = limit
    members: dict[str, list[int]] = {name: [] for name in wanted}
    for member in sorted(range(len(strata)), key=luck.__getitem__):
        if strata[member] in members:
            members[strata[member]].append(member)
    used: Counter[str] = Counter()
    drawn: list[int] = []
    for name in sorted(wanted, key=lambda name: (len(members[name]) - wanted[name], name)):
        left = wanted[name]
        for member in members[name]:
            if left == 0:
                break
            if most is None or used[scenes[member]] < most:
                used[scenes[member]] += 1
                drawn.append(member)
                left -= 1
    return sorted(drawn)
