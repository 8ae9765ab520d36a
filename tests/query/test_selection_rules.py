"""Rules of `select` that examples alone would not show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from catalog import Catalog

    Opened = dict[str, tuple[Catalog, Catalog]]


def test_nothing_asked_is_every_patch_by_season_scene_and_patch(opened: Opened) -> None:
    for pair in opened.values():
        for cat in pair:
            keys = cat.select().relation().project("season, scene, patch").fetchall()
            assert keys == sorted(keys)
            assert len(cat.select()) == len(keys) > 0


def test_excluded_patch_is_in_neither_split(opened: Opened) -> None:
    cat, _ = opened["ragged"]
    assert "ROIs1868_summer_146_p202" in cat.select().ids
    assert "ROIs1868_summer_146_p202" not in cat.select(split=["train", "test"]).ids


def test_patch_without_land_cover_passes_no_bound_of_a_share(opened: Opened) -> None:
    cat, _ = opened["ragged"]
    without = set(cat.select().ids) - set(cat.select(sensor="lc").ids)
    assert len(without) == 2
    assert without.isdisjoint(cat.select(cover={"forest": 0}).ids)
    assert without.isdisjoint(cat.select(cover=["forest<=1"]).ids)


@pytest.mark.parametrize("predicate", ["intersects", "within", "centroid"])
def test_patch_across_the_antimeridian_is_found_there_and_not_at_greenwich(
    opened: Opened, predicate: str
) -> None:
    for cat in opened["ragged"]:
        fiji = cat.select(season="fall").ids
        split = cat.select(season="fall", where="xmax - xmin > 180").ids
        assert len(fiji) == 6
        assert split, "one patch at least is split"
        assert cat.select(region="179,-18,-179,-16", predicate=predicate).ids == fiji
        assert cat.select(region="-170,-18,170,-16", predicate=predicate).ids == []


def test_middle_of_a_patch_across_the_antimeridian_is_in_it(opened: Opened) -> None:
    asked = "SELECT lon, lat FROM patches WHERE xmax - xmin > 180"
    for cat in opened["ragged"]:
        places = cat.sql(asked).fetchall()
        assert places
        for longitude, latitude in places:
            assert abs(longitude) > 179.9
            assert -17 < latitude < -16


def test_unknown_place_is_told_before_any_patch_is_asked_for(cat: Catalog) -> None:
    with pytest.raises(ValueError, match="Itly"):
        cat.select(region="Itly")


LISTS = ("region", "not_region", "bbox", "intersects", "season", "local_season", "cover", "split")


@pytest.mark.parametrize("name", [*LISTS, "sensor", "where"])
@pytest.mark.parametrize("empty", [[], (), iter(())], ids=["list", "tuple", "iterator"])
def test_an_empty_list_is_refused_by_every_filter(cat: Catalog, name: str, empty: Any) -> None:
    with pytest.raises(ValueError, match=r"list of .* is empty: leave it out to take all"):
        cat.select(**{name: empty})


def test_no_ids_are_no_patches(cat: Catalog) -> None:
    assert cat.select(ids=[]).ids == cat.pick([]).ids == []
