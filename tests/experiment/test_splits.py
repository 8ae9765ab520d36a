"""Splits: nothing leaks, fractions are met, and chance falls alike everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from catalog.errors import FilterError, ManifestError
from catalog.experiment import k_fold, leakage, load, official, split
from catalog.experiment.assignment import Groups, assign, checked_fractions, grouped
from catalog.experiment.outlines import (
    PatchOutlines,
    checked_buffer_m,
    outlines_from_footprints,
)
from catalog.experiment.overlaps import find_pairs

if TYPE_CHECKING:
    from pathlib import Path

    from catalog import Catalog

    from .conftest import Squares

sizes = st.lists(st.integers(1, 60), min_size=1, max_size=40)
kinds = st.lists(st.sampled_from(["forest", "water", "urban"]), min_size=40, max_size=40)
shares = st.sampled_from([[0.5, 0.5], [0.8, 0.2], [0.7, 0.2, 0.1], [0.25] * 4])
seeds = st.integers(0, 5)


@dataclass(frozen=True)
class Grouped:
    """Groups of so many patches, named by their unit, and the stratum of each patch."""

    groups: Groups
    strata: list[str]


def groups_of(counts: dict[str, int], kind: dict[str, str]) -> Grouped:
    units = [unit for unit, count in counts.items() for _ in range(count)]
    numbers = {unit: number for number, unit in enumerate(counts)}
    return Grouped(
        Groups(units, np.array([numbers[unit] for unit in units], np.intp)),
        [kind[unit] for unit in units],
    )


def parts_by_unit(found: Grouped, parts: np.ndarray) -> dict[str, set[int]]:
    by_unit: dict[str, set[int]] = {}
    for unit, part in zip(found.groups.units, parts.tolist(), strict=True):
        by_unit.setdefault(unit, set()).add(part)
    return by_unit


@given(sizes, kinds, shares, seeds)
def test_each_part_misses_its_fraction_by_the_largest_group_at_most(
    counts: list[int], kind: list[str], wanted: list[float], seed: int
) -> None:
    named = {f"u{n}": count for n, count in enumerate(counts)}
    found = groups_of(named, dict(zip(named, kind, strict=False)))
    parts = assign(found.groups, found.strata, wanted, seed)
    got = np.bincount(parts, minlength=len(wanted))
    assert (np.abs(got - np.array(wanted) * sum(counts)) <= max(counts) + 1e-9).all()
    assert all(len(members) == 1 for members in parts_by_unit(found, parts).values())


@given(sizes, kinds, shares, seeds, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(
    counts: list[int], kind: list[str], wanted: list[float], seed: int, random: st.RandomType
) -> None:
    named = {f"u{n}": count for n, count in enumerate(counts)}
    kind_of = dict(zip(named, kind, strict=False))
    shuffled = list(named)
    random.shuffle(shuffled)
    results = []
    for order in (list(named), shuffled):
        found = groups_of({unit: named[unit] for unit in order}, kind_of)
        results.append(parts_by_unit(found, assign(found.groups, found.strata, wanted, seed)))
    assert results[0] == results[1]


@given(sizes, shares, seeds, st.integers(1, 30), st.booleans())
def test_patches_that_are_added_move_groups_at_the_cuts_only(
    counts: list[int], wanted: list[float], seed: int, added: int, fresh: bool
) -> None:
    before = {f"u{n}": count for n, count in enumerate(counts)}
    after = before | ({"new": added} if fresh else {"u0": before["u0"] + added})
    moved = []
    for named in (before, after):
        found = groups_of(named, dict.fromkeys(named, "all"))
        moved.append(parts_by_unit(found, assign(found.groups, found.strata, wanted, seed)))
    changed = sum(before[unit] for unit in before if moved[0][unit] != moved[1][unit])
    assert changed <= (len(wanted) - 1) * (added + max(after.values()))


def test_strata_are_spread_evenly() -> None:
    rng = np.random.default_rng(0)
    named = {f"u{n}": int(rng.integers(1, 20)) for n in range(300)}
    kind = {
        unit: str(rng.choice(["forest", "water", "urban"], p=[0.6, 0.3, 0.1])) for unit in named
    }
    found = groups_of(named, kind)
    parts = assign(found.groups, found.strata, [0.7, 0.2, 0.1], 0)
    strata = np.array(found.strata)
    for part in range(3):
        for name in ("forest", "water", "urban"):
            share = (strata[parts == part] == name).mean()
            assert share == pytest.approx((strata == name).mean(), abs=0.06)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-0.6, 0.6), st.floats(-0.6, 0.6), st.sampled_from(["s_1", "s_2", "t_3"])
        ),
        min_size=2,
        max_size=16,
    ),
    st.sampled_from(["scene", "patch", "region"]),
    st.sampled_from([0.0, 2.0, 10.0]),
    seeds,
)
def test_no_pair_across_parts_lies_within_the_buffer(
    squares: Squares, found: list[tuple[float, float, str]], by: str, buffer_km: float, seed: int
) -> None:
    # Around the antimeridian, far north.
    points = [((180 + x * 2.5 + 180) % 360 - 180, 66 + y) for x, y, _ in found]
    outlines = squares(points, [scene for *_, scene in found])
    groups = grouped(outlines, by, buffer_km)
    parts = assign(groups, ["all"] * len(outlines), [0.5, 0.5], seed)
    one, two = (taken(outlines, parts == part) for part in (0, 1))
    assert find_pairs(one, two, checked_buffer_m(buffer_km)).a.size == 0


def taken(outlines: PatchOutlines, members: np.ndarray) -> PatchOutlines:
    columns = {
        name: [value for value, kept in zip(values, members.tolist(), strict=True) if kept]
        for name, values in outlines.columns.items()
    }
    return outlines_from_footprints(columns, outlines.footprints[members])


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)), min_size=3, max_size=12),
    st.sampled_from(["scene", "patch"]),
    st.randoms(use_true_random=False),
)
def test_groups_do_not_depend_on_the_order_of_rows(
    squares: Squares, points: list[tuple[float, float]], by: str, random: st.RandomType
) -> None:
    assume(len(set(points)) == len(points))
    outlines = squares(points, [f"s_{n % 3}" for n in range(len(points))])
    order = list(range(len(points)))
    random.shuffle(order)
    shuffled = outlines_from_footprints(
        {name: [values[n] for n in order] for name, values in outlines.columns.items()},
        outlines.footprints[order],
    )
    results = []
    for version in (outlines, shuffled):
        parts = assign(grouped(version, by, 5), ["all"] * len(points), [0.6, 0.4], 3)
        results.append(dict(zip(version.ids, parts.tolist(), strict=True)))
    assert results[0] == results[1]


def test_split_keeps_scenes_that_overlap_together(cat: Catalog) -> None:
    parts = split(cat.select(), {"train": 0.5, "val": 0.5})
    assert sum(map(len, parts.values())) == 54
    assert not leakage(parts["train"], parts["val"])
    assert (parts.groups, parts.largest) == (5, 18)
    home = {name for name in parts if any("fall_126" in one for one in parts[name].ids)}
    assert home == {name for name in parts if any("winter_123" in one for one in parts[name].ids)}


def test_report_tells_what_came_out(cat: Catalog) -> None:
    parts = split(cat.select(), (0.6, 0.2, 0.2), stratify="season", seed=1)
    assert [part.name for part in parts.report] == ["train", "val", "test"]
    for part in parts.report:
        assert part.patches == len(parts[part.name]) == sum(part.classes.values())
        assert part.fraction == pytest.approx(part.patches / 54)
        assert abs(part.fraction - part.wanted) <= parts.largest / 54
        seasons = [name.split("_")[1] for name in parts[part.name].ids]
        assert part.classes == {name: seasons.count(name) for name in sorted(set(seasons))}


def test_other_seed_is_another_split(cat: Catalog) -> None:
    splits = {tuple(split(cat.select(), (0.5, 0.5), seed=seed)["val"].ids) for seed in range(6)}
    assert len(splits) > 1


def test_split_is_the_same_in_every_version(cat: Catalog) -> None:
    scenes = {
        name: sorted({one.rsplit("_", 1)[0] for one in part.ids})
        for name, part in split(cat.select(), {"train": 0.6, "val": 0.4}, seed=7).items()
    }
    assert scenes == {
        "train": [
            "ROIs1158_spring_1",
            "ROIs1868_summer_120",
            "ROIs1868_summer_142",
            "ROIs2017_winter_112",
        ],
        "val": ["ROIs1970_fall_126", "ROIs2017_winter_123"],
    }


def test_region_keeps_countries_whole(cat: Catalog) -> None:
    parts = split(cat.select(), {"train": 0.5, "val": 0.5}, by="region")
    homes = {
        name: {row[0] for row in part.relation().project("country").fetchall()}
        for name, part in parts.items()
    }
    assert not homes["train"] & homes["val"]


def test_every_patch_is_validated_once_in_the_folds(cat: Catalog) -> None:
    folds = k_fold(cat.select(), 3, seed=2)
    validated = [name for fold in folds for name in fold["val"].ids]
    assert sorted(validated) == sorted(cat.select().ids)
    for fold in folds:
        assert not leakage(fold["train"], fold["val"])
        assert sorted(fold["train"].ids + fold["val"].ids) == sorted(validated)


def test_official_split_gains_a_validation_part(official_cat: Catalog) -> None:
    parts = official(official_cat.select(), validation=0.4)
    assert parts["test"].ids == official_cat.select(split="test").ids
    learned = parts["train"].ids + parts["val"].ids
    assert sorted(learned) == sorted(official_cat.select(split="train").ids)
    assert not leakage(parts["train"], parts["val"])
    assert sum(part.fraction for part in parts.report) == pytest.approx(1)
    assert sum(part.wanted for part in parts.report) == pytest.approx(1)


def test_official_parts_that_lie_within_the_buffer_are_refused(official_cat: Catalog) -> None:
    with pytest.raises(FilterError, match="within 900 km of each other, through ROIs1158_spring_1"):
        official(official_cat.select(), buffer_km=900)


def test_countries_that_hold_both_official_parts_are_named(official_cat: Catalog) -> None:
    query = "SELECT country FROM patches GROUP BY 1 HAVING count(DISTINCT split) = 2 ORDER BY 1"
    both = [row[0] for row in official_cat.sql(query).fetchall()]
    assert both == ["MOZ"]
    reason = "groups by region cannot keep the official parts: train and test share MOZ; "
    with pytest.raises(FilterError, match=reason):
        official(official_cat.select(), by="region")


def test_split_is_kept_in_one_manifest(cat: Catalog, tmp_path: Path) -> None:
    parts = split(cat.select(split="train"), {"train": 0.7, "val": 0.3}, stratify="season", seed=4)
    saved = parts.save(tmp_path / "split.json")
    assert {entry.split for entry in saved.entries} == {"train", "val"}
    (step,) = saved.made["steps"]
    assert step == {
        "step": "split",
        "fractions": {"train": 0.7, "val": 0.3},
        "by": "scene",
        "buffer_km": 0.0,
        "stratify": "season",
        "seed": 4,
    }
    assert saved.made["filter"] == {"split": ["train"]}
    for name in parts:
        assert load(tmp_path / "split.json", cat, split=name).ids == parts[name].ids


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fractions": {"train": 0.7, "val": 0.2}}, "sum to 0.9: they must sum to 1"),
        ({"fractions": {"train": 1.2, "val": -0.2}}, "train=1.2 is not a valid fraction"),
        ({"fractions": (0.25, 0.25, 0.25, 0.25)}, "has no names for its parts"),
        ({"fractions": {"a": 0.999, "b": 0.001}}, "'b' stays empty: 54 patches in 5 groups"),
        ({"by": "scenes"}, "no unit of a split 'scenes': did you mean scene?"),
        ({"stratify": "dominant_covers"}, "did you mean dominant_cover"),
        ({"fractions": {"train": "x", "val": 0.5}}, "train='x' is not a valid fraction"),
        ({"fractions": 0.5}, "fractions=0.5 has no names"),
        ({"seed": 1.5}, "seed=1.5 is not valid: give a whole number"),
        ({"seed": "a"}, "seed='a' is not valid: give a whole number"),
        ({"buffer_km": "5"}, "buffer_km='5' is not a valid distance"),
        ({"buffer_km": -3}, "buffer_km=-3 is not a valid distance"),
    ],
    ids=[
        *("sum", "range", "names", "empty", "by", "stratify", "text", "number"),
        *("seed", "seed text", "buffer text", "buffer"),
    ],
)
def test_nonsense_is_refused(cat: Catalog, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(FilterError, match=message):
        split(cat.select(), **({"fractions": {"train": 0.5, "val": 0.5}} | arguments))


def test_bare_fractions_have_names() -> None:
    assert checked_fractions((0.8, 0.1, 0.1)) == {"train": 0.8, "val": 0.1, "test": 0.1}


def test_more_folds_than_groups_are_refused(cat: Catalog) -> None:
    with pytest.raises(FilterError, match="20 folds are too many: the patches form 5 groups"):
        k_fold(cat.select(), 20)
    for k in (1, 2.5, "3", True):
        with pytest.raises(FilterError, match=f"k={k!r} is not valid: give a whole number of 2"):
            k_fold(cat.select(), k)


@pytest.mark.parametrize("validation", [0, 1, "x", float("nan")])
def test_validation_is_a_fraction(official_cat: Catalog, validation: Any) -> None:
    with pytest.raises(FilterError, match=r"validation=.+ is not a valid fraction"):
        official(official_cat.select(), validation=validation)


def test_what_is_no_selection_is_refused(cat: Catalog) -> None:
    for study in (lambda: official(cat), lambda: split(cat, (0.5, 0.5)), lambda: k_fold("a", 2)):
        with pytest.raises(FilterError, match=r"is not a selection: give cat.select\(…\)"):
            study()


def test_names_of_choices_are_kept_as_they_are_known(cat: Catalog, tmp_path: Path) -> None:
    one = split(cat.select(), (0.5, 0.5), by="scene", stratify="season")
    two = split(cat.select(), (0.5, 0.5), by="Scene", stratify="SEASON")
    one.save(tmp_path / "one.csv")
    two.save(tmp_path / "two.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


@pytest.mark.parametrize("ending", [".txt", ".pkl"])
def test_list_does_not_hold_the_parts_of_a_split(cat: Catalog, tmp_path: Path, ending: str) -> None:
    parts = split(cat.select(), (0.5, 0.5))
    with pytest.raises(ManifestError, match="would not tell the parts apart"):
        parts.save(tmp_path / f"all{ending}")
    assert list(tmp_path.iterdir()) == []


def test_split_is_printed_in_one_line(cat: Catalog) -> None:
    assert repr(split(cat.select(), (0.5, 0.5))) == "<Split train=18, val=36 patches>"


def test_empty_selection_cannot_be_split(cat: Catalog) -> None:
    with pytest.raises(FilterError, match="stays empty: 0 patches"):
        split(cat.select(where="false"), (0.5, 0.5))
