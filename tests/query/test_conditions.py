"""What `select` may be asked, and what it says to everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import CatalogError, FilterError
from catalog.query.conditions import filter_parameters
from catalog.query.statements import statement

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
BOX = {"west", "south", "east", "north"}

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "season-misspelt": ({"season": "sumer"}, "sumer"),
    "season-autumn": ({"season": "autumn"}, "autumn"),
    "season-upper-case": ({"season": "Summer"}, "Summer"),
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
    "predicate-none": ({"predicate": None, "region": "Italy"}, "None"),
    "cover-misspelt": ({"cover": {"forrest": 0.5}}, "forrest"),
    "cover-unknown": ({"cover": {"zebra": 0.5}}, "zebra"),
    "cover-scheme-unknown": ({"cover": {"ipcc.forest": 0.5}}, "ipcc.forest"),
    "cover-not-of-that-scheme": ({"cover": {"igbp.forest": 0.5}}, "igbp.forest"),
    "cover-scheme-without-filters": ({"cover": {"lccs_lu.urban": 0.5}}, "lccs_lu.urban"),
    "cover-without-class": ({"cover": {"": 0.5}}, "''"),
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
    "cover-class-only": ({"cover": ["forest"]}, "forest"),
    "cover-strict": ({"cover": ["forest>0.5"]}, "forest>0.5"),
    "cover-equals": ({"cover": ["forest=0.5"]}, "forest=0.5"),
    "cover-percent-sign": ({"cover": ["forest>=50%"]}, "forest>=50%"),
    "cover-decimal-comma": ({"cover": ["forest>=0,5"]}, "forest>=0,5"),
    "cover-two-numbers": ({"cover": ["forest>=5 5"]}, "forest>=5 5"),
    "cover-nan-text": ({"cover": ["forest>=nan"]}, "forest>=nan"),
    "cover-empty-text": ({"cover": ""}, "''"),
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
        ({"cover": ["Water>=0.5"]}, "water"),
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


def test_statement_has_a_parameter_for_every_filter_and_no_other() -> None:
    (parsed,) = duckdb.extract_statements(statement("queries/select"))
    assert set(filter_parameters()) == parsed.named_parameters - BOX


def test_parameters_are_the_legends_with_two_bounds_each() -> None:
    names = {f"cover_{name}" for name in SIMPLIFIED} | {f"igbp_{name}" for name in IGBP}
    bounds = {f"{name}_{bound}" for name in names for bound in ("low", "high")}
    others = {"season", "local_season", "split", "complete", "s1", "s2", "lc"}
    assert set(filter_parameters()) == bounds | others


def test_nothing_asked_filters_nothing() -> None:
    assert set(filter_parameters().values()) == {None}


def given_parameters(**filters: Any) -> dict[str, Any]:
    """Only those that filter something."""
    parameters = filter_parameters(**filters)
    return {name: value for name, value in parameters.items() if value is not None}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"season": "fall"}, {"season": ["fall"]}),
        ({"season": ("fall", "spring")}, {"season": ["fall", "spring"]}),
        ({"season": iter(["fall", "fall"])}, {"season": ["fall", "fall"]}),
        ({"local_season": "winter"}, {"local_season": ["winter"]}),
        ({"split": {"test"}}, {"split": ["test"]}),
        ({"sensor": "s2"}, {"s2": True}),
        ({"sensor": ["lc", "s1"]}, {"s1": True, "lc": True}),
        ({"complete": False}, {"complete": False}),
        ({"cover": {"savanna": 0.5}}, {"cover_savanna_low": 0.5}),
        ({"cover": {"cover.savanna": 0.5}}, {"cover_savanna_low": 0.5}),
        ({"cover": {"igbp.savanna": 0.5}}, {"igbp_savanna_low": 0.5}),
        ({"cover": {"woody_savanna": 0.5}}, {"igbp_woody_savanna_low": 0.5}),
        ({"cover": "forest>=0.5"}, {"cover_forest_low": 0.5}),
        ({"cover": [" igbp.water <= .25 "]}, {"igbp_water_high": 0.25}),
        ({"cover": ["forest>=0", "forest<=1."]}, {"cover_forest_low": 0, "cover_forest_high": 1}),
        ({"cover": ["forest>=0.5", "forest>=0.2"]}, {"cover_forest_low": 0.5}),
        ({"cover": ["forest<=0.5", "forest<=0.2"]}, {"cover_forest_high": 0.2}),
        ({"cover": {"urban": 1}}, {"cover_urban_low": 1.0}),
        ({"cover": {"urban": np.float32(0.5)}}, {"cover_urban_low": 0.5}),
        ({"cover": {"urban": [0, 0.25]}}, {"cover_urban_low": 0, "cover_urban_high": 0.25}),
        ({"cover": {}}, {}),
    ],
    ids=lambda value: "-".join(
        f"{name}={'iterator' if hasattr(text, '__next__') else text}"
        for name, text in value.items()
    )[:60],
)
def test_filter_becomes_these_parameters(filters: dict[str, Any], expected: dict[str, Any]) -> None:
    assert given_parameters(**filters) == expected


@pytest.mark.parametrize("name", sorted({*SIMPLIFIED, *IGBP}))
def test_bare_name_is_the_simplified_class_where_both_legends_have_it(name: str) -> None:
    scheme = "cover" if name in SIMPLIFIED else "igbp"
    assert given_parameters(cover={name: 0.5}) == {f"{scheme}_{name}_low": 0.5}


@given(
    name=st.sampled_from([*SIMPLIFIED, *IGBP, *(f"igbp.{name}" for name in IGBP)]),
    low=st.decimals(0, 1, places=6),
    high=st.decimals(0, 1, places=6),
)
def test_mapping_and_text_ask_the_same(name: str, low: Any, high: Any) -> None:
    low, high = sorted((low, high))
    texts = [f"{name}>={low:f}", f"{name}<={high:f}"]
    pair = given_parameters(cover={name: (float(low), float(high))})
    assert pair == given_parameters(cover=texts)
    assert given_parameters(cover={name: float(low)}) == given_parameters(cover=texts[0])
