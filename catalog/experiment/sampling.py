"""Reproducible random samples: so many patches of each stratum."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from catalog.errors import FilterError, ShortageWarning
from catalog.experiment.outlines import columns_of
from catalog.experiment.strata import checked_column, strata_of
from catalog.model import counted
from catalog.pictures.cards import html_table
from catalog.query.suggest import unknown_name
from catalog.reading.arguments import checked_integer, checked_name, is_number
from catalog.reading.deterministic_rank import ranks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.reading.selection import Selection

Balance = str | Mapping[str, float]
"""`equal`, `proportional`, or a weight for each stratum."""

BALANCES: Final = ("equal", "proportional")


@dataclass(frozen=True, slots=True)
class Stratum:
    """How many patches of one stratum were drawn."""

    name: str
    """Value of the column to stratify by."""
    available: int
    """Patches of this stratum in the selection."""
    wanted: int
    """How many were asked for."""
    taken: int
    """How many are in the sample."""


@dataclass(frozen=True, slots=True, repr=False)
class Sample:
    """A sample, and what it is short of."""

    selection: Selection
    """The patches."""
    strata: tuple[Stratum, ...]
    """How many patches of each were drawn, by name."""

    def __repr__(self) -> str:
        available = sum(stratum.available for stratum in self.strata)
        return f"<Sample {len(self.selection):,} of {counted(available, 'patch')}>"

    def _repr_html_(self) -> str:
        rows = [(each.name, each.available, each.wanted, each.taken) for each in self.strata]
        columns = ("stratum", "available", "wanted", "taken")
        return self.selection.html("Sample") + html_table(columns, rows)

    @property
    def shortages(self) -> tuple[Stratum, ...]:
        """The strata with fewer patches than were asked for."""
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
    """Draw a reproducible random sample: the patches of lowest hash rank, by id and seed.

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
        Random seed.

    Returns
    -------
    Sample
        Fewer than asked for where a stratum has no more; that is also a `ShortageWarning`.

    Raises
    ------
    FilterError
        If an argument is not valid.
    """
    columns = columns_of(selection)
    stratify = checked_column(stratify, selection.dataset)
    strata = strata_of(columns, stratify)
    size = _checked_size(n, len(strata))
    if max_per_scene is not None:
        max_per_scene = checked_integer("max_per_scene", max_per_scene, 1)
    available = Counter(strata)
    wanted = quotas(size, available, balance)
    order = ranks(columns["id"], seed).tolist()
    members = draw(strata, wanted, order, (columns["scene_id"], max_per_scene))
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
    """Which strata a sample is short of, in one sentence."""
    strata = ", ".join(
        f"{entry.name} has {entry.taken:,} of {entry.wanted:,}" for entry in drawn.shortages
    )
    return f"there are fewer patches than asked for: {strata}"


def _checked_size(n: float, available: int) -> int:
    if not (is_number(n) and n > 0 and (n < 1 or n == int(n))):
        raise FilterError(
            f"n={n!r} is not a valid size: give a number of patches, or a fraction below 1"
        )
    return round(n * available) if n < 1 else int(n)


def quotas(size: int, available: Mapping[str, int], balance: Balance) -> dict[str, int]:
    """How many patches each stratum should give (largest remainders; ties go to the first name).

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
        for name in balance:
            if name not in available:
                raise FilterError(unknown_name("stratum", name, sorted(available)))
        weights = balance.values()
        valid = all(is_number(weight) and weight >= 0 for weight in weights)
        if not (valid and any(weights) and is_number(sum(weights))):
            raise FilterError(
                f"balance={dict(balance)} is not valid: weights are numbers from 0 on, one of them "
                "positive"
            )
        return {name: float(weight) for name, weight in balance.items()}
    equal = checked_name("balance", balance, BALANCES) == "equal"
    return {name: 1.0 if equal else float(count) for name, count in available.items()}


def draw(
    strata: Sequence[str],
    wanted: Mapping[str, int],
    order: Sequence[int],
    limit: tuple[Sequence[str], int | None],
) -> list[int]:
    """Which patches are drawn, in order of their numbers.

    The scarcest stratum is drawn first, so that a limit by scene takes least from it.

    Parameters
    ----------
    strata, order : sequences
        Stratum and hash rank of each patch: the lowest rank is drawn first.
    wanted : mapping
        How many of each stratum.
    limit : (sequence, int or None)
        The scene of each patch, and how many of one scene may be drawn.
    """
    scenes, most = limit
    members: dict[str, list[int]] = {name: [] for name in wanted}
    for member in sorted(range(len(strata)), key=order.__getitem__):
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
