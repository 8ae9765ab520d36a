"""What a filter may name: each name with its kind, its SQL and its JSON Schema."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from catalog.datasets.quality import measures
from catalog.query.literals import literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from catalog.datasets import Dataset

PREFIX: Final = "sen12ms:"
"""Before the names of the fields that only this catalog has."""
_TIMES: Final = {
    "datetime": "Window of the season",
    "start_datetime": "First moment of the season's window",
    "end_datetime": "Last second of the season's window",
}
_LONGITUDE: Final = {"title": "Longitude of the centre", "minimum": -180, "maximum": 180}
_LATITUDE: Final = {"title": "Latitude of the centre", "minimum": -90, "maximum": 90}
_BOUNDS: Final[dict[str, dict[str, Any]]] = {
    "not_finite": {"type": "integer", "minimum": 0},
    "empty": {"minimum": 0, "maximum": 1},
    "saturated": {"minimum": 0, "maximum": 1},
    "mean": {},
}


@dataclass(frozen=True, slots=True)
class Queryable:
    """One name that a filter may hold."""

    kind: str
    """`text`, `number`, `bool`, `array`, `time` or `geometry`: only equal kinds compare."""
    sql: str
    """An expression over `patches`; that of a time is text that sorts like it."""
    schema: Mapping[str, Any]
    """Title, type, choices and bounds, as JSON Schema."""


@lru_cache(maxsize=8)
def queryables(dataset: Dataset) -> dict[str, Queryable]:
    """The names that are published, in the order in which people should see them."""
    named = _fields(dataset)
    found = {name: Queryable(kind, sql, _schema(kind, extra)) for name, kind, sql, extra in named}
    found |= {
        name: Queryable("time", _time(name, dataset), _schema("time", {"title": title}))
        for name, title in _TIMES.items()
    }
    for legend, classes in dataset.shares.items():
        for name in classes:
            title = f"Share of {name.replace('_', ' ')} ({legend})"
            schema = _schema("number", {"title": title, "minimum": 0, "maximum": 1})
            found[f"{legend}.{name}"] = Queryable("number", f"{legend}.{name}", schema)
    for measure in measures(dataset):
        name, title = f"quality.{measure.name}", measure.meaning
        extra = {"title": title[0].upper() + title[1:], **_BOUNDS[measure.kind]}
        found[name] = Queryable("number", name, _schema("number", extra))
    return found


@lru_cache(maxsize=8)
def known_names(dataset: Dataset) -> dict[str, Queryable]:
    """The published names, and their short forms: `season` for `sen12ms:season`."""
    published = queryables(dataset)
    short = {name.removeprefix(PREFIX): found for name, found in published.items()}
    for name in ("proj:code", "eo:cloud_cover"):
        if name in published:
            short[published[name].sql] = published[name]
    return {**short, **published}


def _fields(dataset: Dataset) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Name, kind, SQL, and what the JSON Schema says beside the type."""
    seasons = list(dataset.seasons)
    yield "id", "text", "id", {"title": "Id of the patch"}
    yield "collection", "text", literal(dataset.id), {"title": "Collection", "enum": [dataset.id]}
    yield "geometry", "geometry", "geometry", {"title": "Footprint"}
    yield f"{PREFIX}season", "text", "season", {"title": "Season in the file name", "enum": seasons}
    yield f"{PREFIX}local_season", "text", "local_season", {"title": "Season", "enum": seasons}
    yield f"{PREFIX}scene", "number", "scene", {"title": "Scene", "type": "integer"}
    yield f"{PREFIX}patch", "number", "patch", {"title": "Patch", "type": "integer"}
    yield "scene_id", "text", "scene_id", {"title": "Id of the scene"}
    splits = {"title": "Official split", "enum": list(dataset.splits)}
    yield f"{PREFIX}split", "text", "split", splits
    yield f"{PREFIX}country", "text", "country", {"title": "Country, ISO 3166-1 alpha-3"}
    yield f"{PREFIX}continent", "text", "continent", {"title": "Continent"}
    yield "proj:code", "text", "crs", {"title": "CRS of the pixels"}
    yield "lon", "number", "lon", _LONGITUDE
    yield "lat", "number", "lat", _LATITUDE
    if dataset.cloudy:
        clouds = {"title": "Clouds, percent", "minimum": 0, "maximum": 100}
        yield "eo:cloud_cover", "number", "cloud_cover", clouds
    yield "complete", "bool", "complete", {"title": "All files are there"}
    yield f"{PREFIX}issues", "array", "issues", {"title": "Findings of the audit"}
    dominant = {"title": "Dominant land cover", "enum": list(dataset.covers)}
    if dataset.covers:
        yield "dominant_cover", "text", "dominant_cover", dominant
    if dataset.simplified:
        classes = list(dataset.legends[dataset.simplified].names)
        title = f"Class of most pixels ({dataset.simplified})"
        yield "dominant_igbp", "text", "dominant_igbp", {"title": title, "enum": classes}


def _schema(kind: str, extra: Mapping[str, Any]) -> dict[str, Any]:
    return {**_TYPES[kind], **extra}


_TYPES: Final[dict[str, dict[str, Any]]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "bool": {"type": "boolean"},
    "array": {"type": "array", "items": {"type": "string"}},
    "time": {"type": "string", "format": "date-time"},
    "geometry": {"format": "geometry-any"},
}


def _time(name: str, dataset: Dataset) -> str:
    """The start or end of the season's window, as text that sorts by time."""
    edge = "end" if name == "end_datetime" else "start"
    whens = " ".join(
        f"WHEN {literal(season)} THEN {literal(getattr(window, edge).isoformat())}"
        for season, window in dataset.seasons.items()
    )
    return f"CASE season {whens} END"
