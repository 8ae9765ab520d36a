"""What `select` may be asked, and what it says to everything else."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import CatalogError, FilterError
from catalog.datasets import SEN12MS
from catalog.query.conditions import shares_of
from catalog.query.filters import question_from_filters

if TYPE_CHECKING:
    from catalog import Catalog
    from tests.conftest import Golden

SIMPLIFIED = (
    "forest", "shrubland", "savanna", "grassland", "wetland",
    "cropland", "urban", "snow_ice", "barren", "water",
)  # fmt: skip
IGBP = (
    "evergreen_needleleaf_forest", "evergreen_broadleaf_forest", "deciduous_needleleaf_forest",
    "deciduous_broadleaf_forest", "mixed_forest", "closed_shrubland", "open_shrubland",
    "woody_savanna", "savanna", "grassland", "permanent_wetland", "cropland", "urban",
    "cropland_mosaic", "snow_ice", "barren", "water",
)  # fmt: skip
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "season-misspelt": ({"season": "sumer"}, "sumer"),
    "season-in-a-list": ({"season": ["fall", "sprin"]}, "sprin"),
    "season-number": ({"season": [3]}, "3"),
    "season-empty-list": ({"season": []}, "season"),
    "season-empty-text": ({"season": ""}, "''"),
    "local-season-misspelt": ({"local_season": "wintr"}, "wintr"),
    "split-of-other-datasets": ({"split": "validation"}, "validation"),
    "split-misspelt": ({"split": ["train", "tets"]}, "tets"),
    "sensor-unknown": ({"sensor": "s3"}, "s3"),
    "sensor-empty-list": ({"sensor": ()}, "sensor"),
    "complete-text": ({"complete": "maybe"}, "maybe"),
    "predicate-misspelt": ({"predicate": "intersect"}, "intersect"),
    "cover-misspelt": ({"cover": {"forrest": 0.5}}, "forrest"),
    "cover-unknown": ({"cover": {"zebra": 0.5}}, "zebra"),
    "cover-scheme-unknown": ({"cover": {"ipcc.forest": 0.5}}, "ipcc.forest"),
    "cover-not-of-that-scheme": ({"cover": {"igbp.forest": 0.5}}, "igbp.forest"),
    "cover-without-class": ({"cover": {"": 0.5}}, "' >= 0.5'"),
    "cover-percent": ({"cover": {"forest": 50}}, "50"),
    "cover-negative": ({"cover": {"forest": -0.1}}, "-0.1"),
    "cover-nan": ({"cover": {"forest": float("nan")}}, "nan"),
    "cover-text-value": ({"cover": {"forest": "much"}}, "much"),
    "cover-text-of-two-letters": ({"cover": {"forest": "ab"}}, "ab"),
    "cover-none-value": ({"cover": {"forest": None}}, "None"),
    "cover-three-values": ({"cover": {"forest": (0, 0.5, 1)}}, "(0, 0.5, 1)"),
    "cover-pair-of-text": ({"cover": {"forest": ("a", "b")}}, "a"),
    "cover-pair-upside-down": ({"cover": {"forest": (0.9, 0.1)}}, "0.9"),
    "cover-high-above-one": ({"cover": {"water": (0, 2)}}, "2"),
    "cover-number": ({"cover": 0.5}, "0.5"),
    "cover-of-several-legends": ({"cover": {"dense_forest": 0.5}}, "lccs_lu.dense_forest or"),
    "cover-true": ({"cover": {"forest": True}}, "True"),
    "cover-percent-above": ({"cover": ["forest>=150%"]}, "150%"),
    "cover-range-upside-down": ({"cover": ["forest=0.5..0.2"]}, "0.5..0.2"),
    "ids-text": ({"ids": "ROIs1158_spring_1_p30"}, "ROIs1158_spring_1_p30"),
    "ids-with-space": ({"ids": ["x y"]}, "x y"),
    "ids-number": ({"ids": [3]}, "3"),
    "where-number": ({"where": 3}, "3"),
    "cover-class-only": ({"cover": ["forest"]}, "forest"),
    "cover-decimal-comma": ({"cover": ["forest>=0,5"]}, "forest>=0,5"),
    "cover-two-numbers": ({"cover": ["forest>=5 5"]}, "forest>=5 5"),
    "cover-nan-text": ({"cover": ["forest>=nan"]}, "forest>=nan"),
    "cover-empty-text": ({"cover": ""}, "''"),
    "cover-empty-list": ({"cover": []}, "the list of conditions on land cover is empty"),
    "cover-empty-mapping": ({"cover": {}}, "the list of conditions on land cover is empty"),
    "where-empty-list": ({"where": []}, "the list of SQL expressions is empty"),
    "filter-empty-text": ({"filter": ""}, "CQL2"),
    "filter-empty-mapping": ({"filter": {}}, "CQL2"),
    "cover-hostile": ({"cover": ["forest>=0); DROP TABLE patches --"]}, "DROP TABLE"),
}


def message_of(cat: Catalog, filters: dict[str, Any]) -> str:
    with pytest.raises(CatalogError) as caught:
        cat.select(**filters)
    return str(caught.value)


@pytest.mark.parametrize("case", REFUSED)
def test_refused_value_is_a_filter_error_of_one_sentence_with_the_value(
    cat: Catalog, case: str
) -> None:
    filters, value = REFUSED[case]
    with pytest.raises(FilterError) as caught:
        cat.select(**filters)
    assert isinstance(caught.value, ValueError)
    message = str(caught.value)
    assert value in message
    assert "\n" not in message
    assert ": " in message, "the remedy follows a colon"


@pytest.mark.parametrize(
    ("filters", "near"),
    [
        ({"season": "sumer"}, "summer"),
        ({"cover": {"forrest": 0.5}}, "forest"),
        ({"cover": {"crop_land": 0.5}}, "cropland"),
        ({"cover": ["Watter>=0.5"]}, "water"),
        ({"cover": {"lccs_lu.urbam": 0.5}}, "lccs_lu.urban"),
        ({"predicate": "intersect"}, "intersects"),
    ],
    ids=str,
)
def test_misspelt_name_is_answered_with_the_nearest(
    cat: Catalog, filters: dict[str, Any], near: str
) -> None:
    assert f"did you mean {near}" in message_of(cat, filters)


def test_messages_read_well(cat: Catalog, golden: Golden) -> None:
    lines = []
    for filters, _ in REFUSED.values():
        given_as = ", ".join(f"{name}={value!r}" for name, value in filters.items())
        try:
            cat.select(**filters)
        except Exception as error:  # noqa: BLE001 - another test says which it must be
            lines += [f"select({given_as})", f"    {type(error).__name__}: {error}"]
        else:
            lines += [f"select({given_as})", "    is taken"]
    golden.check("query/refused_filters.txt", "\n".join(lines) + "\n")


def conditions(**filters: Any) -> list[str]:
    """The conditions that filters become."""
    return list(question_from_filters(filters, NOBODY).conditions)


NOBODY = SimpleNamespace(dataset=SEN12MS, fetch=None)
"""A session that nothing but names is asked of."""


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"season": "fall"}, ["season IN ('fall')"]),
        ({"season": ("fall", "spring")}, ["season IN ('fall', 'spring')"]),
        ({"season": ["fall", "FALL"]}, ["season IN ('fall')"]),
        ({"season": " Autumn "}, ["season IN ('fall')"]),
        ({"local_season": "winter"}, ["local_season IN ('winter')"]),
        ({"split": {"Test"}}, ["split IN ('test')"]),
        ({"sensor": "S2"}, ["s2 IS NOT NULL"]),
        ({"sensor": ["lc", "s1"]}, ["lc IS NOT NULL", "s1 IS NOT NULL"]),
        ({"complete": False}, ["NOT complete"]),
        ({"cover": {"savanna": 0.5}}, ["cover.savanna >= 0.5"]),
        ({"cover": {"cover.savanna": 0.5}}, ["cover.savanna >= 0.5"]),
        ({"cover": {"igbp.savanna": 0.5}}, ["igbp.savanna >= 0.5"]),
        ({"cover": {"woody_savanna": 0.5}}, ["igbp.woody_savanna >= 0.5"]),
        ({"cover": {"Woody Savanna": 0.5}}, ["igbp.woody_savanna >= 0.5"]),
        ({"cover": {"lccs_lu.dense_forest": 0.5}}, ["lccs_lu.dense_forest >= 0.5"]),
        ({"cover": {"tundra": 0.5}}, ["lccs_sh.tundra >= 0.5"]),
        ({"cover": "forest>=0.5"}, ["cover.forest >= 0.5"]),
        ({"cover": "forest > 50%"}, ["cover.forest > 0.5"]),
        ({"cover": "forest==0"}, ["cover.forest = 0.0"]),
        ({"cover": ["urban=0", "water < 10 %"]}, ["cover.urban = 0.0", "cover.water < 0.1"]),
        ({"cover": "0.2<=forest<0.5"}, ["cover.forest >= 0.2", "cover.forest < 0.5"]),
        ({"cover": "forest=0.2..0.5"}, ["cover.forest >= 0.2", "cover.forest <= 0.5"]),
        ({"cover": {"forest": "20%..50%"}}, ["cover.forest >= 0.2", "cover.forest <= 0.5"]),
        ({"cover": {"forest": "<0.5"}}, ["cover.forest < 0.5"]),
        ({"cover": [" igbp.water <= .25 "]}, ["igbp.water <= 0.25"]),
        ({"cover": {"urban": 1}}, ["cover.urban >= 1.0"]),
        ({"cover": {"urban": np.float32(0.5)}}, ["cover.urban >= 0.5"]),
        ({"cover": {"urban": [0, 0.25]}}, ["cover.urban >= 0.0", "cover.urban <= 0.25"]),
        ({"ids": ["a", "b", "a"]}, ["id IN (SELECT unnest(string_split('a b', ' ')))"]),
        ({"season": None}, []),
    ],
    ids=lambda value: str(value)[:60],
)
def test_filter_becomes_these_conditions(filters: dict[str, Any], expected: list[str]) -> None:
    assert conditions(**filters) == expected


@pytest.mark.parametrize("name", sorted({*SIMPLIFIED, *IGBP}))
def test_bare_name_is_the_simplified_class_where_both_legends_have_it(name: str) -> None:
    scheme = "cover" if name in SIMPLIFIED else "igbp"
    assert conditions(cover={name: 0.5}) == [f"{scheme}.{name} >= 0.5"]


@given(
    name=st.sampled_from([*SIMPLIFIED, *IGBP, *(f"igbp.{name}" for name in IGBP)]),
    low=st.decimals(0, 1, places=6),
    high=st.decimals(0, 1, places=6),
)
def test_mapping_and_text_ask_the_same(name: str, low: Any, high: Any) -> None:
    low, high = sorted((low, high))
    texts = [f"{name}>={low:f}", f"{name}<={high:f}"]
    assert conditions(cover={name: (float(low), float(high))}) == conditions(cover=texts)
    assert conditions(cover={name: float(low)}) == conditions(cover=texts[0])


def test_every_class_of_every_legend_can_be_asked_for() -> None:
    for legend, names in SEN12MS.shares.items():
        for name in names:
            assert conditions(cover={f"{legend}.{name}": 0.5}) == [f"{legend}.{name} >= 0.5"]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 4000,
        "a>=" + "1" * 4000 + "x",
        "a" + " " * 4000 + "!",
        "a" + "1" * 4000 + "..",
        "0<" + "a " * 2000 + "!",
        "1" * 4000 + "<a!",
        "." * 4000,
    ],
    ids=["letters", "digits", "spaces", "range", "between", "below", "dots"],
)
def test_a_long_text_is_refused_as_fast_as_a_short_one(text: str) -> None:
    started = time.process_time()
    with pytest.raises(FilterError, match="is not a condition"):
        shares_of(text, SEN12MS)
    assert time.process_time() - started < 5, "a second, and room for a slow machine"
