"""Samples: as many of each kind as wanted, and a shortage is told."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import FilterError, ShortageWarning
from catalog.experiment import sample
from catalog.experiment.sampling import draw, quotas
from catalog.reading.deterministic_rank import ranks

if TYPE_CHECKING:
    from pathlib import Path

    from catalog import Catalog

strata = st.lists(st.sampled_from(["forest", "water", "urban"]), min_size=1, max_size=80)


@given(strata, st.integers(1, 200), st.sampled_from(["equal", "proportional"]))
def test_quotas_add_up_to_the_size(found: list[str], size: int, balance: str) -> None:
    available = Counter(found)
    wanted = quotas(size, available, balance)
    assert sum(wanted.values()) == size
    total = len(found) if balance == "proportional" else len(available)
    for name, count in wanted.items():
        weight = available[name] if balance == "proportional" else 1
        assert abs(count - size * weight / total) < 1


@given(strata, st.integers(1, 40), st.integers(1, 5), st.integers(0, 3))
def test_draw_takes_what_there_is_and_no_more(
    found: list[str], size: int, most: int, seed: int
) -> None:
    scenes = [f"scene {number % 7}" for number in range(len(found))]
    wanted = quotas(size, Counter(found), "equal")
    rank = ranks(map(str, range(len(found))), seed).tolist()
    drawn = draw(found, wanted, rank, (scenes, most))
    assert drawn == sorted(set(drawn))
    assert max(Counter(scenes[member] for member in drawn).values(), default=0) <= most
    taken = Counter(found[member] for member in drawn)
    for name, count in wanted.items():
        assert taken[name] <= count
        if taken[name] < count:
            left = [m for m in range(len(found)) if found[m] == name and m not in drawn]
            used = Counter(scenes[member] for member in drawn)
            assert all(used[scenes[member]] == most for member in left)


@given(strata, st.integers(1, 40), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(found: list[str], size: int, random: st.RandomType) -> None:
    names = [f"patch {number}" for number in range(len(found))]
    order = list(range(len(found)))
    random.shuffle(order)
    results = []
    for version in (range(len(found)), order):
        kinds = [found[n] for n in version]
        rank = ranks([names[n] for n in version], 5).tolist()
        scenes = [str(n % 4) for n in version]
        drawn = draw(kinds, quotas(size, Counter(kinds), "equal"), rank, (scenes, 3))
        results.append({names[list(version)[member]] for member in drawn})
    assert results[0] == results[1]


def test_ranks_are_the_same_in_every_version() -> None:
    assert ranks(["ROIs1158_spring_1_p30", "Kürzel"], 0).tolist() == [
        int.from_bytes(bytes.fromhex(digest)) for digest in ("8401e28ffcd67b0d", "12f1d6e4c495801b")
    ]


def test_sample_is_that_of_the_sql_macro(cat: Catalog) -> None:
    query = "SELECT id FROM stratified_sample('season', 4, 3)"
    expected = [row[0] for row in cat.sql(query).fetchall()]
    drawn = sample(cat.select(), 16, stratify="season", balance="equal", seed=3)
    assert drawn.selection.ids == expected
    assert not drawn.shortages


def test_sample_grows_by_patches_and_keeps_those_it_had(cat: Catalog) -> None:
    small, large = (set(sample(cat.select(), size).selection.ids) for size in (10, 25))
    assert small < large


def test_fraction_is_one_of_the_selection(cat: Catalog) -> None:
    assert len(sample(cat.select(), 0.5).selection) == 27
    assert len(sample(cat.select(season="winter"), 0.5).selection) == 9


def test_weights_say_how_many_of_each(cat: Catalog) -> None:
    drawn = sample(
        cat.select(), 12, stratify="season", balance={"winter": 3, "fall": 1, "spring": 0}
    )
    assert [(kind.name, kind.taken) for kind in drawn.strata] == [
        ("fall", 3),
        ("spring", 0),
        ("winter", 9),
    ]


def test_shortage_is_told(cat: Catalog) -> None:
    with pytest.warns(ShortageWarning, match="fall has 9 of 15, spring has 9 of 15"):
        drawn = sample(cat.select(), 60, stratify="season", balance="equal")
    assert [(kind.name, kind.available, kind.wanted, kind.taken) for kind in drawn.shortages] == [
        ("fall", 9, 15, 9),
        ("spring", 9, 15, 9),
    ]
    assert len(drawn.selection) == 48


def test_scenes_give_no_more_than_they_may(cat: Catalog) -> None:
    with pytest.warns(ShortageWarning, match="all has 18 of 30"):
        drawn = sample(cat.select(), 30, max_per_scene=3)
    scenes = Counter(name.rsplit("_", 1)[0] for name in drawn.selection.ids)
    assert set(scenes.values()) == {3}


def test_sample_of_a_sample_is_smaller(cat: Catalog, tmp_path: Path) -> None:
    first = sample(cat.select(), 20, seed=np.int64(1)).selection
    second = sample(first, 10, seed=2).selection
    assert set(second.ids) < set(first.ids)
    assert len(second.pick(first.ids, step={"step": "again"})) == 10
    assert [step["seed"] for step in second.save(tmp_path / "s.json").made["steps"]] == [1, 2]


def test_sample_says_how_it_was_made(cat: Catalog) -> None:
    drawn = sample(cat.select(split="train"), 5, stratify="season", seed=9)
    manifest = drawn.selection.manifest()
    assert manifest.made["filter"] == {"split": ["train"]}
    assert manifest.made["steps"] == [
        {
            "step": "sample",
            "n": 5,
            "stratify": "season",
            "balance": "proportional",
            "max_per_scene": None,
            "seed": 9,
        }
    ]


@pytest.mark.parametrize(
    ("size", "arguments", "message"),
    [
        (0, {}, "n=0 is not a valid size"),
        (-4, {}, "n=-4 is not a valid size"),
        (2.5, {}, "n=2.5 is not a valid size"),
        (float("nan"), {}, "n=nan is not a valid size"),
        (float("inf"), {}, "n=inf is not a valid size"),
        ("5", {}, "n='5' is not a valid size"),
        (5, {"seed": None}, "seed=None is not valid: give a whole number"),
        (5, {"stratify": "cover"}, "no column to stratify by 'cover'"),
        (5, {"balance": "equally"}, "no balance 'equally': did you mean equal?"),
        (5, {"stratify": "season", "balance": {"sumer": 1}}, "'sumer': did you mean summer?"),
        (
            5,
            {"stratify": "season", "balance": {"fall": -1}},
            "is not valid: weights are numbers from 0 on",
        ),
        (5, {"stratify": "season", "balance": {"fall": 0}}, "one of them positive"),
        (5, {"stratify": "season", "balance": {"fall": float("inf")}}, "weights are numbers"),
        (5, {"stratify": "season", "balance": {"fall": 1e308, "winter": 1e308}}, "numbers"),
        (5, {"stratify": "season", "balance": {"fall": "x"}}, "weights are numbers"),
        (5, {"max_per_scene": 0}, "max_per_scene=0 is not valid: give a whole number of 1"),
        (5, {"max_per_scene": 1.5}, "max_per_scene=1.5 is not valid"),
    ],
)
def test_nonsense_is_refused(
    cat: Catalog, size: float, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(FilterError, match=message):
        sample(cat.select(), size, **arguments)


def test_nothing_cannot_be_drawn_from(cat: Catalog) -> None:
    with pytest.raises(FilterError, match="the selection is empty"):
        sample(cat.select(where="false"), 5)
