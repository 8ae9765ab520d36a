"""What a dataset is: one frozen value that names, columns, views and choices derive from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from catalog.datasets.names import pattern_of
from catalog.model import PatchKey, SceneKey

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping
    from datetime import datetime

SPLITS: Final = ("train", "val", "test")
"""What the parts of official splits are called."""


@dataclass(frozen=True, slots=True)
class Season:
    """One of the four meteorological seasons, named as in the northern hemisphere."""

    roi: str
    """What its folders and files start with."""
    start: datetime
    """First moment of the Sentinel mosaics, UTC."""
    end: datetime
    """Last second, UTC."""
    opposite: str
    """The season on the other hemisphere."""


@dataclass(frozen=True, slots=True)
class Band:
    """One band of a sensor."""

    name: str
    """Name in the product it comes from."""
    description: str
    """What it shows, with the unit of its pixels."""
    common_name: str | None = None
    """`eo:common_name`, where the STAC electro-optical extension has one."""
    center_um: float | None = None
    """Centre wavelength in micrometres (Sentinel-2A)."""
    width_um: float | None = None
    """Full width at half maximum in micrometres (Sentinel-2A)."""


@dataclass(frozen=True, slots=True)
class Picture:
    """How the pixels of a sensor become colours."""

    style: str
    """`reflectance`, `backscatter` or `classes`."""
    bands: tuple[str, ...]
    """The bands that are read."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """One of the files of a patch."""

    title: str
    """For people."""
    roles: tuple[str, ...]
    """STAC asset roles."""
    dtype: str
    """Data type of the pixels, as the dataset was published."""
    bands: tuple[Band, ...]
    """In the order of the file."""
    picture: Picture
    """How it is drawn."""
    properties: Mapping[str, Any]
    """Further STAC fields of the asset."""
    sample: str = "image"
    """The tensor of a sample for PyTorch that its bands belong to."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture of a patch, for people."""

    title: str
    """What it shows."""
    roles: tuple[str, ...]
    """STAC asset roles."""
    sensors: tuple[str, ...]
    """What its panels are drawn from, left to right."""
    reduction: int
    """Pixels of the files, along a row or column, that make one pixel of the picture."""


@dataclass(frozen=True, slots=True)
class LandCoverClass:
    """One class of one legend."""

    scheme: str
    """Legend: a band of the classified sensor."""
    code: int
    """Pixel value."""
    name: str
    """Name in SQL."""
    title: str
    """Name in the legend."""
    color: str
    """`#rrggbb`."""
    cover: str | None
    """The simplified class that it belongs to; None in the legends that are not simplified."""


@dataclass(frozen=True, slots=True)
class Legend:
    """The classes of one band of the classified sensor."""

    title: str
    """For people: `IGBP land cover`."""
    classes: tuple[LandCoverClass, ...]
    """By code."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes, by code."""
        return tuple(entry.name for entry in self.classes)


class Provider(NamedTuple):
    """Who made, licensed or hosts the dataset."""

    name: str
    """The organisation."""
    roles: tuple[str, ...]
    """STAC provider roles."""
    url: str
    """Its page."""
    description: str | None
    """What it contributed."""


class Reference(NamedTuple):
    """A page that the collection links to."""

    rel: str
    """STAC relation type."""
    href: str
    """URL."""
    title: str
    """For people."""


@dataclass(frozen=True, slots=True)
class About:
    """What the STAC collection says of the dataset as a whole."""

    title: str
    """Its name."""
    description: str
    """A paragraph."""
    keywords: tuple[str, ...]
    """For search."""
    license: str
    """SPDX identifier."""
    doi: str
    """Of the paper that describes it."""
    citation: str
    """That paper."""
    providers: tuple[Provider, ...]
    """In the order of the collection."""
    references: tuple[Reference, ...]
    """In the order of the collection."""


@dataclass(frozen=True)
class Dataset:
    """A dataset of patches: everything that differs between SEN12MS and its siblings."""

    id: str
    """Id of the STAC collection."""
    about: About
    """For the collection."""
    file: str
    """Template of a file name, with `{roi}`, `{season}`, `{sensor}`, `{scene}` and `{patch}`."""
    folder: str
    """Template of the folder of a file below the dataset's root."""
    archive: str
    """Template of the name of the archive that has all files of a season and sensor."""
    seasons: Mapping[str, Season]
    """By the name in the folder and file names."""
    sensors: Mapping[str, Sensor]
    """By the name in the folder and file names, in the order of the dataset's description."""
    listed_sensor: str
    """The sensor whose file names the official lists hold."""
    previews: Mapping[str, Preview]
    """By the key of their asset; overviews are as large as the patch."""
    classified: str | None
    """The sensor whose pixels are class codes; None where there is none."""
    legends: Mapping[str, Legend]
    """By band of the classified sensor, in the order of the bands."""
    simplified: str | None
    """The legend whose classes are summed up as `cover`."""
    cover_colors: Mapping[str, str]
    """Colours of the simplified classes, `#rrggbb`, in the order of the legend."""
    shape: tuple[int, int]
    """Rows, columns of every patch."""
    resolution_m: float
    """Metres per pixel."""
    stride_pixels: int
    """Neighbouring patches lie so many pixels apart."""
    scene_columns: tuple[int, ...]
    """The widths, in patches, that the grid of a scene may have."""
    scene_splits: Mapping[str, str]
    """`train`, `val` or `test` of the official split, by id of the scene."""
    other_scenes: str | None
    """The official split of all other scenes; None where it is not known."""
    excluded: frozenset[PatchKey]
    """Patches in none of the official splits."""
    tables: str
    """The folder of the definition that holds the table of the legends."""
    cloudy: str | None = None
    """The sensor whose images may show clouds, of which a table can tell how many."""
    schema_url: str | None = None
    """What items and the collection name as the JSON Schema of the fields that only they have."""

    def __hash__(self) -> int:
        return hash(self.id)

    def with_land_cover_of(self, other: Dataset) -> Dataset:
        """The dataset with the legends of another, whose class counts its patches take over."""
        mine, theirs = self.about, other.about
        return replace(
            self,
            about=replace(
                mine,
                description=f"{mine.description} The counts of land-cover classes come from a "
                f"catalog of {theirs.title}: those of its patch of the same season, scene and "
                "number, where that lies on the same grid.",
                providers=tuple(dict.fromkeys((*mine.providers, *theirs.providers))),
                references=(
                    *mine.references,
                    Reference("derived_from", f"https://doi.org/{theirs.doi}", theirs.title),
                ),
            ),
            legends=other.legends,
            simplified=other.simplified,
            cover_colors=other.cover_colors,
            tables=other.tables,
        )

    @property
    def schemes(self) -> tuple[str, ...]:
        """Names of the legends, in the order of the bands."""
        return tuple(self.legends)

    @property
    def covers(self) -> tuple[str, ...]:
        """The simplified classes, in the order of the legend."""
        return tuple(self.cover_colors)

    @cached_property
    def cover_members(self) -> dict[str, tuple[str, ...]]:
        """By simplified class, the classes of the legend that it sums up."""
        classes = self.legends[self.simplified].classes if self.simplified else ()
        return {
            cover: tuple(entry.name for entry in classes if entry.cover == cover)
            for cover in self.covers
        }

    @cached_property
    def shares(self) -> dict[str, tuple[str, ...]]:
        """The structs of shares in `patches`, and their classes: the simplified ones first."""
        legends = {scheme: legend.names for scheme, legend in self.legends.items()}
        return {"cover": self.covers, **legends} if self.covers else legends

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the definition, in hexadecimal: another one means another catalog."""
        return hashlib.sha256(json.dumps(asdict(self), default=_plain).encode()).hexdigest()

    @property
    def example(self) -> PatchKey:
        """A patch, for messages and documentation."""
        return PatchKey(next(iter(self.seasons)), 1, 30)

    @property
    def example_file(self) -> str:
        """A file name, for messages: `ROIs1158_spring_s1_1_p30.tif`."""
        return self.file_name(self.example, next(iter(self.sensors)))

    @property
    def splits(self) -> tuple[str, ...]:
        """The parts of the official split, in the order of `SPLITS`."""
        there = {*self.scene_splits.values(), self.other_scenes}
        return tuple(name for name in SPLITS if name in there)

    @property
    def patch_pixels(self) -> int:
        """Pixels of a patch."""
        rows, columns = self.shape
        return rows * columns

    def scene_id(self, key: SceneKey) -> str:
        """Name of a scene: `ROIs1158_spring_1`."""
        return f"{self.seasons[key.season].roi}_{key.season}_{key.scene}"

    def patch_id(self, key: PatchKey) -> str:
        """Name of a patch: `ROIs1158_spring_1_p30`."""
        return f"{self.scene_id(key.of_scene)}_p{key.patch}"

    def patch_ids(self, scene: SceneKey, numbers: Iterable[int]) -> list[str]:
        """Names of patches of one scene."""
        start = f"{self.scene_id(scene)}_p"
        return [f"{start}{number}" for number in numbers]

    def parse_scene_id(self, name: str) -> SceneKey | None:
        """The key of a scene by its name; the inverse of `scene_id`."""
        key = self.parse_id(f"{name}_p0")
        return None if key is None else key.of_scene

    def parse_id(self, name: str) -> PatchKey | None:
        """The key of a patch by its id; the inverse of `patch_id`."""
        return self._key(self._id_pattern.fullmatch(name))

    def parse_name(self, name: str) -> tuple[PatchKey, str] | None:
        """Key and sensor that a file name stands for, or None if it is not one of the dataset.

        Strict, so that it is the inverse of `file_name`: a name that merely resembles one (another
        prefix for the season, a leading zero) could be any patch.
        """
        match = self._file_pattern.fullmatch(name)
        key = self._key(match)
        return None if key is None or match is None else (key, match["sensor"])

    def archive_name(self, season: str, sensor: str) -> str:
        """Archive of all files of a season and sensor: `ROIs1158_spring_s2.tar.gz`."""
        return self._fill(self.archive, PatchKey(season, 0, 0), sensor)

    def file_name(self, key: PatchKey, sensor: str) -> str:
        """File name of one sensor of a patch: `ROIs1158_spring_s2_1_p30.tif`."""
        return self._fill(self.file, key, sensor)

    def file_names(self, scene: SceneKey, sensor: str, numbers: Iterable[int]) -> list[str]:
        """File names of one sensor of patches of one scene."""
        parts = self.file.split("{patch}")
        start, end = (self._fill(part, PatchKey(*scene, 0), sensor) for part in parts)
        return [f"{start}{number}{end}" for number in numbers]

    def file_path(self, key: PatchKey, sensor: str) -> str:
        """Path below the dataset's root: `ROIs1158_spring/s2_1/ROIs1158_spring_s2_1_p30.tif`."""
        return self._fill(f"{self.folder}/{self.file}", key, sensor)

    def scene_split(self, key: SceneKey) -> str | None:
        """Where the official split has the patches of a scene; None where it is not known."""
        return self.scene_splits.get(self.scene_id(key), self.other_scenes)

    def _fill(self, template: str, key: PatchKey, sensor: str) -> str:
        season, scene, patch = key
        roi = self.seasons[season].roi
        return template.format(roi=roi, season=season, sensor=sensor, scene=scene, patch=patch)

    def _key(self, match: re.Match[str] | None) -> PatchKey | None:
        if match is None:
            return None
        season = self.seasons.get(match["season"])
        if season is None or season.roi != match["roi"]:
            return None
        return PatchKey(match["season"], int(match["scene"]), int(match["patch"]))

    @cached_property
    def _file_pattern(self) -> re.Pattern[str]:
        return pattern_of(self.file, self.sensors)

    @cached_property
    def _id_pattern(self) -> re.Pattern[str]:
        return pattern_of("{roi}_{season}_{scene}_p{patch}", self.sensors)


def _plain(value: object) -> object:
    """What JSON has for a set, whose order is another one in each process, or for a moment."""
    return sorted(value) if isinstance(value, frozenset) else str(value)
