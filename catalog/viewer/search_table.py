"""The search table: what the map page needs to know of every patch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from catalog.query.question import Question
from catalog.query.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from catalog.query.session import Session

    Columns = dict[str, NDArray[np.generic]]

UNKNOWN: Final = 0xFFFF_FFFF
"""The count of a class where the land cover of a patch is not known."""
_NULL: Final = 0xFFFF
_NAMES: Final = ("scene_id", "local_season", "split", "country", "dominant_cover")
"""Columns of few names: kept as codes, with the names beside them; the highest code is null."""


def patches(session: Session) -> tuple[Columns, dict[str, list[str]]]:
    """Keys, names, folders and footprints of the patches, by season, scene and patch.

    Returns
    -------
    columns : dict of array
        `patch`; the codes of `scene_id`, `local_season`, `split`, `country`, `dominant_cover` and,
        by sensor, of the folder of the file; the corners in degrees (OGC:CRS84), `x` and `y`, of
        polygon after polygon, with the `corners` that each polygon starts at and the `polygons`
        that each patch starts at, one more than there are.
    names : dict of list
        What the codes stand for, by column; `folders` are those of all sensors.
    """
    dataset = session.dataset
    coded = [name for name in _NAMES if name != "dominant_cover" or dataset.covers]
    sensors = list(dataset.sensors)
    parts: dict[str, list[pa.Array]] = {name: [] for name in (*coded, *sensors)}
    numbers: list[NDArray[np.uint32]] = [np.empty(0, np.uint32)]
    footprints: list[Columns] = [_corners(pa.array([], pa.binary()))]
    for batch in session.batches(Question().sql([*parts, "patch", "geometry"])):
        for name in coded:
            parts[name].append(batch[name].dictionary_encode())
        for sensor in sensors:
            folders = pc.replace_substring_regex(batch[sensor], r"[^/\\]*$", "")
            parts[sensor].append(folders.dictionary_encode())
        numbers.append(batch["patch"].to_numpy().astype(np.uint32))
        footprints.append(_corners(batch["geometry"]))
    columns: Columns = {"patch": np.concatenate(numbers)}
    names = {}
    for name in coded:
        columns[name], names[name] = _coded(parts[name])
    of_all = [part for sensor in sensors for part in parts[sensor]]
    codes, names["folders"] = _coded(of_all)
    columns |= zip(sensors, np.split(codes, len(sensors)), strict=True)
    return columns | _joined(footprints), names


def legends(session: Session) -> Iterator[tuple[str, Columns]]:
    """Pixels of each class, a legend at a time; `UNKNOWN` where there is no land cover."""
    pixels = session.dataset.patch_pixels
    for scheme, legend in session.dataset.legends.items():
        table = session.table(Question().sql([f"{scheme}.{name}" for name in legend.names]))
        counts = ((column, pc.multiply(table[column], float(pixels))) for column in legend.names)
        yield (
            scheme,
            {
                name: pc.fill_null(count, float(UNKNOWN)).to_numpy().astype(np.uint32)
                for name, count in counts
            },
        )


def _coded(parts: list[pa.Array]) -> tuple[NDArray[np.uint16], list[str]]:
    """Texts as codes, and what each stands for, in order."""
    column = pa.chunked_array(parts, pa.dictionary(pa.int32(), pa.string())).unify_dictionaries()
    texts = column.chunk(0).dictionary.to_pylist() if column.num_chunks else []
    names = sorted(texts)
    codes = np.array([*map(names.index, texts), _NULL], np.uint16)
    found = [part.indices.fill_null(len(texts)).to_numpy() for part in column.chunks]
    return codes[np.concatenate([np.empty(0, np.int32), *found])], names


def _corners(geometry: pa.Array) -> Columns:
    """Footprints as flat arrays: a patch without one has no polygons."""
    shapes = shapely.from_wkb(geometry.to_numpy(zero_copy_only=False))
    polygons, patches = shapely.get_parts(shapes, return_index=True)
    points, owners = shapely.get_coordinates(polygons, return_index=True)
    return {
        "x": np.ascontiguousarray(points[:, 0]),
        "y": np.ascontiguousarray(points[:, 1]),
        "corners": np.bincount(owners, minlength=len(polygons)).astype(np.uint32),
        "polygons": np.bincount(patches, minlength=len(shapes)).astype(np.uint32),
    }


def _joined(parts: list[Columns]) -> Columns:
    """Footprints of several parts, with counts of corners and polygons turned into starts."""
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    for name in ("corners", "polygons"):
        columns[name] = np.concatenate([[0], np.cumsum(columns[name])]).astype(np.uint32)
    return columns


def described(session: Session, names: dict[str, list[str]]) -> dict[str, Any]:
    """The dataset as the page must know it: names, legends, colours, file names, pictures."""
    dataset = session.dataset
    return {
        "id": dataset.id,
        "title": dataset.about.title,
        "description": dataset.about.description.strip().replace("\n", " "),
        "file": dataset.file,
        "folder": dataset.folder,
        "listed": dataset.listed_sensor,
        "rois": {name: season.roi for name, season in dataset.seasons.items()},
        "splits": list(dataset.splits),
        "sensors": {name: sensor.title for name, sensor in dataset.sensors.items()},
        "pixels": dataset.patch_pixels,
        "cover": dict(dataset.cover_colors),
        "summed": dataset.simplified,
        "members": dataset.cover_members,
        "legends": {
            scheme: {
                "title": legend.title,
                "classes": {entry.name: [entry.title, entry.color] for entry in legend.classes},
            }
            for scheme, legend in dataset.legends.items()
        },
        "countries": dict(session.fetch(statement("queries/country_names"))),
        "previews": {name: preview.title for name, preview in dataset.previews.items()},
        "names": names,
    }
