"""What SEN12MS is: seasons, sensors, bands, legends, splits. The one place to change for a sibling.

Source: Schmitt, Hughes, Qiu, Zhu (2019), "SEN12MS", doi:10.5194/isprs-annals-IV-2-W7-153-2019. The
tables lie in `catalog/data`, where SQL reads them too.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from catalog.model import PatchKey, SceneKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DATA: Final = files("catalog") / "data"
"""The folder of the tables that Python and SQL share."""

SHAPE: Final = (256, 256)
"""Rows, columns of every patch."""
RESOLUTION_M: Final = 10.0
"""Metres per pixel."""
STRIDE_PIXELS: Final = 128
"""Neighbouring patches lie so many pixels apart: they overlap by half."""
SCENE_COLUMNS: Final = (29, 31)
"""The two widths, in patches, of the grid of a scene."""


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
class Sensor:
    """One of the three files of a patch."""

    title: str
    """For people."""
    roles: tuple[str, ...]
    """STAC asset roles."""
    dtype: str
    """Data type of the pixels, as the dataset was published."""
    bands: tuple[Band, ...]
    """In the order of the file."""


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
    """One class of one land-cover band."""

    scheme: str
    """Legend: `igbp`, `lccs_lc`, `lccs_lu` or `lccs_sh`."""
    code: int
    """Pixel value."""
    name: str
    """Name in SQL."""
    title: str
    """Name in the legend."""
    color: str
    """`#rrggbb`."""
    cover: str | None
    """The simplified class that an IGBP class belongs to; None for the other schemes."""


def _season(roi: str, first_day: str, last_day: str, opposite: str) -> Season:
    start, end = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (first_day, last_day))
    return Season(roi, start, end.replace(hour=23, minute=59, second=59), opposite)


SEASONS: Final[Mapping[str, Season]] = MappingProxyType(
    {
        "spring": _season("ROIs1158", "2017-03-01", "2017-05-30", "fall"),
        "summer": _season("ROIs1868", "2017-06-01", "2017-08-31", "winter"),
        "fall": _season("ROIs1970", "2017-09-01", "2017-11-30", "spring"),
        "winter": _season("ROIs2017", "2016-12-01", "2017-02-28", "summer"),
    }
)
"""By the name in the folder and file names."""

SENSORS: Final[Mapping[str, Sensor]] = MappingProxyType(
    {
        "s1": Sensor(
            "Sentinel-1 backscatter",
            ("data",),
            "float32",
            (
                Band("VV", "Backscatter, vertical transmit and receive, dB"),
                Band("VH", "Backscatter, vertical transmit and horizontal receive, dB"),
            ),
        ),
        "s2": Sensor(
            "Sentinel-2 reflectance",
            ("data", "reflectance"),
            "uint16",
            (
                Band("B1", "Top-of-atmosphere reflectance × 10,000", "coastal", 0.4427, 0.021),
                Band("B2", "Top-of-atmosphere reflectance × 10,000", "blue", 0.4924, 0.066),
                Band("B3", "Top-of-atmosphere reflectance × 10,000", "green", 0.5598, 0.036),
                Band("B4", "Top-of-atmosphere reflectance × 10,000", "red", 0.6646, 0.031),
                Band("B5", "Top-of-atmosphere reflectance × 10,000", "rededge071", 0.7041, 0.015),
                Band("B6", "Top-of-atmosphere reflectance × 10,000", "rededge075", 0.7405, 0.015),
                Band("B7", "Top-of-atmosphere reflectance × 10,000", "rededge078", 0.7828, 0.02),
                Band("B8", "Top-of-atmosphere reflectance × 10,000", "nir", 0.8328, 0.106),
                Band("B8A", "Top-of-atmosphere reflectance × 10,000", "nir08", 0.8647, 0.021),
                Band("B9", "Top-of-atmosphere reflectance × 10,000", "nir09", 0.9451, 0.02),
                Band("B10", "Top-of-atmosphere reflectance × 10,000", "cirrus", 1.3735, 0.031),
                Band("B11", "Top-of-atmosphere reflectance × 10,000", "swir16", 1.6137, 0.091),
                Band("B12", "Top-of-atmosphere reflectance × 10,000", "swir22", 2.2024, 0.175),
            ),
        ),
        "lc": Sensor(
            "MODIS land cover",
            ("data",),
            "uint8",
            (
                Band("igbp", "Land cover of the IGBP legend, class code"),
                Band("lccs_lc", "FAO LCCS land cover, class code"),
                Band("lccs_lu", "FAO LCCS land use, class code"),
                Band("lccs_sh", "FAO LCCS surface hydrology, class code"),
            ),
        ),
    }
)
"""By the name in the folder and file names, in the order of the dataset's description."""

PREVIEWS: Final[Mapping[str, Preview]] = MappingProxyType(
    {
        "thumbnail": Preview("The patch at a glance", ("thumbnail",), ("s2", "s1", "lc"), 2),
        "overview": Preview("Sentinel-2 in true colour", ("overview",), ("s2",), 1),
        "overview_s1": Preview("Sentinel-1 in false colour", ("overview",), ("s1",), 1),
        "overview_lc": Preview("Land cover in IGBP colours", ("overview",), ("lc",), 1),
    }
)
"""By the key of their asset; overviews are as large as the patch, so that a map can show them."""

SCHEMES: Final = tuple(band.name for band in SENSORS["lc"].bands)
"""The land-cover legends, in the order of the bands."""

EXCLUDED: Final = frozenset({PatchKey("summer", 146, 202)})
"""Patches in neither official split: the Sentinel-1 file holds NaN."""


def _read_classes() -> tuple[LandCoverClass, ...]:
    with (DATA / "landcover_classes.csv").open(encoding="utf-8") as file:
        return tuple(
            LandCoverClass(
                scheme=row["scheme"],
                code=int(row["code"]),
                name=row["class"],
                title=row["title"],
                color=row["color"],
                cover=row["cover"] or None,
            )
            for row in csv.DictReader(file)
        )


CLASSES: Final = _read_classes()
"""All classes of the four legends, by scheme and code."""

COVERS: Final = tuple(dict.fromkeys(entry.cover for entry in CLASSES if entry.cover))
"""The ten simplified classes."""
_LENDERS: Final = {
    "forest": "mixed_forest",
    "shrubland": "closed_shrubland",
    "wetland": "permanent_wetland",
}
COVER_COLORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        cover: entry.color
        for cover in COVERS
        for entry in CLASSES
        if entry.scheme == "igbp" and entry.name == _LENDERS.get(cover, cover)
    }
)
"""Colours of the simplified classes, each that of one of its IGBP classes, as DFC2020 has them."""


def classes_of(scheme: str) -> tuple[LandCoverClass, ...]:
    """Classes of one legend, by code."""
    return tuple(entry for entry in CLASSES if entry.scheme == scheme)


def scene_id(key: SceneKey) -> str:
    """Name of a scene: `ROIs1158_spring_1`."""
    return f"{SEASONS[key.season].roi}_{key.season}_{key.scene}"


def patch_id(key: PatchKey) -> str:
    """Name of a patch: `ROIs1158_spring_1_p30`."""
    (name,) = patch_ids(key.of_scene, [key.patch])
    return name


def patch_ids(scene: SceneKey, numbers: Iterable[int]) -> list[str]:
    """Names of patches of one scene."""
    start = f"{scene_id(scene)}_p"
    return [f"{start}{number}" for number in numbers]


HOLDOUT_SCENES: Final = frozenset((DATA / "holdout_scenes.txt").read_text(encoding="utf-8").split())
"""Ids of the scenes that the official split holds out for testing."""


def official_split(key: PatchKey) -> str | None:
    """`train` or `test`; None for a patch that is in neither."""
    return None if key in EXCLUDED else scene_split(key.of_scene)


def scene_split(key: SceneKey) -> str:
    """`train` or `test`: where the official split has the patches of a scene."""
    return "test" if scene_id(key) in HOLDOUT_SCENES else "train"
