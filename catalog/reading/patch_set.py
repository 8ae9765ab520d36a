"""Patches of one catalog as a collection: lists, combined, narrowed, sampled, pickled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from operator import and_, or_, sub
from typing import TYPE_CHECKING, Any, Self, overload

from catalog.errors import FilterError
from catalog.model import counted
from catalog.query.filters import question_from_filters
from catalog.query.question import Question, picked
from catalog.reading.arguments import checked_integer
from catalog.reading.opening import open_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Unpack

    from catalog.datasets import Dataset
    from catalog.model import Rebase
    from catalog.query.filters import Filters
    from catalog.query.session import Session


@dataclass(frozen=True, eq=False, repr=False)
class PatchSet:
    """Ids of patches, by season, scene and patch; asked when needed."""

    session: Session
    """Where they are from."""
    question: Question
    """What was asked."""
    listed: tuple[str, ...] | None = None
    """Ids of those that were picked from the answer; None for all."""
    steps: tuple[Mapping[str, Any], ...] = ()
    """What was done since: samples, splits, with their arguments."""
    part: str | None = None
    """The part of a split that this is."""

    @property
    def dataset(self) -> Dataset:
        """What the catalog holds."""
        return self.session.dataset

    @cached_property
    def _chosen(self) -> Question:
        """The question whose answer is these patches."""
        return self.question if self.listed is None else picked(self.listed)

    @cached_property
    def _count(self) -> int:
        ((count,),) = self.session.fetch(self._chosen.about("chosen_count"), self._chosen.where)
        return int(count)

    def __len__(self) -> int:
        return self._count

    @cached_property
    def ids(self) -> list[str]:
        """Ids of the patches."""
        rows = self.session.fetch(self._chosen.sql(("id",)), self._chosen.where)
        return [row[0] for row in rows]

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __contains__(self, patch: object) -> bool:
        return patch in self._members

    @cached_property
    def _members(self) -> frozenset[str]:
        return frozenset(self.ids)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Self: ...

    def __getitem__(self, index: int | slice) -> str | Self:
        if isinstance(index, slice):
            edges = {"start": index.start, "stop": index.stop, "step_size": index.step}
            return self.pick(self.ids[index], step={"step": "slice", **edges})
        return self.ids[index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PatchSet):
            return NotImplemented
        return self._shares_catalog(other) and self.ids == other.ids

    def __hash__(self) -> int:
        return hash(self.session.items)

    def __and__(self, other: Self) -> Self:
        """Patches of both."""
        return self._combined("intersection", other, and_)

    def __or__(self, other: Self) -> Self:
        """Patches of one of them, or both."""
        return self._combined("union", other, or_)

    def __sub__(self, other: Self) -> Self:
        """Patches of this one that are not in the other."""
        return self._combined("difference", other, sub)

    def _combined(
        self, how: str, other: Self, combine: Callable[[Question, Question], Question]
    ) -> Self:
        if not isinstance(other, PatchSet):
            return NotImplemented
        if not self._shares_catalog(other):
            raise FilterError(
                f"{self.session.name} and {other.session.name} are two catalogs: combine "
                "selections of one catalog"
            )
        both = type(self)(self.session, combine(self._chosen, other._chosen))
        if self.listed is None and other.listed is None:
            return both
        made = {"filter": dict(other.question.given), "steps": list(other.steps)}
        steps = (*self.steps, {"step": how, "other": made})
        start = Question() if how == "union" else self.question
        return type(self)(self.session, start, tuple(both.ids), steps, self.part)

    def _shares_catalog(self, other: Self) -> bool:
        own, others = self.session, other.session
        return own is others or (own.items, own.moved) == (others.items, others.moved)

    def __reduce__(self) -> tuple[Callable[..., PatchSet], tuple[Any, ...]]:
        path = self.session.name
        made = (self.question, self.listed, self.steps, self.part)
        return _reopened, (type(self), path, self.session.moved, *made)

    def select(self, **filters: Unpack[Filters]) -> Self:
        """Those of the patches that pass more filters: the arguments of `Catalog.select`.

        Raises
        ------
        RegionError, FilterError, QueryError
            If a value does not exist or SQL is invalid; the message says what does.
        """
        return self & type(self)(self.session, question_from_filters(filters, self.session))

    def sample(self, n: int, *, seed: int = 0) -> Self:
        """Draw at most so many patches, the same everywhere: those of lowest hash rank.

        `catalog.experiment.sample` also balances classes and limits scenes.

        Raises
        ------
        FilterError
            If a number is not a whole one.
        """
        n = checked_integer("n", n, 1)
        from catalog.reading.deterministic_rank import ranks

        order = ranks(self.ids, seed).argsort(kind="stable")[:n]
        step = {"step": "sample", "n": n, "seed": int(seed)}
        return self.pick([self.ids[i] for i in sorted(order.tolist())], step=step)

    def pick(self, ids: Iterable[str], *, step: Mapping[str, Any], part: str | None = None) -> Self:
        """Those of the patches that are on a list; `step` says how the list was made."""
        own = set(self.ids)
        listed = tuple(name for name in ids if name in own)
        steps = (*self.steps, step)
        return type(self)(self.session, self.question, listed, steps, part or self.part)

    @property
    def asked(self) -> str:
        """Filters, steps and part, in a few words."""
        made = [str(step["step"]) for step in self.steps]
        part = [f"part {self.part}"] if self.part else []
        return "; ".join(filter(None, [self.question.words, *made, *part]))

    def __repr__(self) -> str:
        asked = self.asked
        return f"<{type(self).__name__} {counted(len(self), 'patch')}{asked and ': '}{asked}>"


def _reopened(kind: Callable[..., PatchSet], path: str, moved: Rebase, *made: Any) -> PatchSet:
    """What was pickled, from its catalog, opened again."""
    return kind(open_session(path, moved), *made)
