"""Definitions of datasets, read from the files that hold them: TOML and CSV."""

from __future__ import annotations

import csv
import tomllib
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, Final

from catalog.datasets.definition import (
    About,
    Band,
    Dataset,
    LandCoverClass,
    Legend,
    Picture,
    Preview,
    Provider,
    Reference,
    Season,
    Sensor,
)
from catalog.model import PatchKey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

CLASSES: Final = "landcover_classes.csv"
"""The table of legends in the folder of a definition, which SQL reads too."""
FIELDS: Final = "fields-v1.0.0.json"
"""The JSON Schema of the fields that only items of the dataset have, in the same folder."""


def load_dataset(folder: Traversable) -> Dataset:
    """The dataset that a folder defines.

    Parameters
    ----------
    folder : Traversable
        With `dataset.toml` and `landcover_classes.csv`, the legends; and where the dataset has an
        official split, `scene_splits.csv`, or `holdout_scenes.txt`, the scenes for testing.
    """
    values = tomllib.loads((folder / "dataset.toml").read_text(encoding="utf-8"))
    sensors = {name: _sensor(entry) for name, entry in values["sensors"].items()}
    classified = values.get("classified")
    legends = _legends(folder, values, sensors[classified].bands if classified else ())
    simplified = values.get("simplified")
    return Dataset(
        id=values["id"],
        about=_about(values["about"]),
        file=values["file"],
        folder=values["folder"],
        archive=values["archive"],
        seasons={name: _season(entry) for name, entry in values["seasons"].items()},
        sensors=sensors,
        listed_sensor=values["listed_sensor"],
        previews={name: _preview(entry) for name, entry in values["previews"].items()},
        classified=classified,
        legends=legends,
        simplified=simplified,
        cover_colors=_cover_colors(legends[simplified], values["covers"]) if simplified else {},
        shape=(values["shape"][0], values["shape"][1]),
        resolution_m=float(values["resolution_m"]),
        stride_pixels=values["stride_pixels"],
        scene_columns=tuple(values["scene_columns"]),
        scene_splits=_scene_splits(folder),
        other_scenes=values.get("other_scenes"),
        excluded=frozenset(PatchKey(*entry) for entry in values.get("excluded", ())),
        tables=folder.name,
        cloudy=values.get("cloudy"),
        schema_url=values.get("schema_url"),
    )


def _text(folder: Traversable, name: str) -> str:
    file = folder / name
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _scene_splits(folder: Traversable) -> dict[str, str]:
    rows = csv.DictReader(_text(folder, "scene_splits.csv").splitlines())
    named = {row["scene"]: row["split"] for row in rows}
    return named | dict.fromkeys(_text(folder, "holdout_scenes.txt").split(), "test")


def _about(values: Mapping[str, Any]) -> About:
    return About(
        title=values["title"],
        description=" ".join(values["description"].split()),
        keywords=tuple(values["keywords"]),
        license=values["license"],
        doi=values["doi"],
        citation=" ".join(values["citation"].split()),
        providers=tuple(
            Provider(entry["name"], tuple(entry["roles"]), entry["url"], entry.get("description"))
            for entry in values["providers"]
        ),
        references=tuple(Reference(**entry) for entry in values["references"]),
    )


def _season(values: Mapping[str, Any]) -> Season:
    def moment(day: date, at: time) -> datetime:
        return datetime.combine(day, at, tzinfo=UTC)

    start, end = moment(values["first"], time()), moment(values["last"], time(23, 59, 59))
    return Season(values["roi"], start, end, values["opposite"])


def _sensor(values: Mapping[str, Any]) -> Sensor:
    picture = values["picture"]
    return Sensor(
        title=values["title"],
        roles=tuple(values["roles"]),
        dtype=values["dtype"],
        bands=tuple(
            Band(**{"description": values.get("pixels", ""), **band}) for band in values["bands"]
        ),
        picture=Picture(picture["style"], tuple(picture["bands"])),
        properties=values.get("properties", {}),
        sample=values.get("sample", "image"),
    )


def _preview(values: Mapping[str, Any]) -> Preview:
    names = ("roles", "sensors")
    return Preview(**{**values, **{name: tuple(values[name]) for name in names}})


def _legends(
    folder: Traversable, values: Mapping[str, Any], bands: tuple[Band, ...]
) -> dict[str, Legend]:
    rows = list(csv.DictReader(_text(folder, CLASSES).splitlines()))
    return {
        band.name: Legend(
            values["legends"][band.name], tuple(_class(r) for r in rows if r["scheme"] == band.name)
        )
        for band in bands
    }


def _class(row: Mapping[str, str]) -> LandCoverClass:
    return LandCoverClass(
        scheme=row["scheme"],
        code=int(row["code"]),
        name=row["class"],
        title=row["title"],
        color=row["color"],
        cover=row["cover"] or None,
    )


def _cover_colors(legend: Legend, lenders: Mapping[str, str]) -> dict[str, str]:
    """Colours of the simplified classes, each that of one of the classes that it sums up."""
    colors = {entry.name: entry.color for entry in legend.classes}
    covers = dict.fromkeys(entry.cover for entry in legend.classes if entry.cover)
    return {cover: colors[lenders.get(cover, cover)] for cover in covers}
