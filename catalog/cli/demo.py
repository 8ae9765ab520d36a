"""`sen12ms demo`: a small synthetic SEN12MS and its catalog, to try everything on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import numpy as np

from catalog.cli.index import summary
from catalog.cli.progress import progress_bars
from catalog.datasets import DATASETS
from catalog.errors import OutputError
from catalog.indexing import indexer
from catalog.model import PatchKey
from catalog.query.statements import statement
from catalog.reading.catalog import Catalog
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from catalog.datasets import Dataset


def _block(row: int, column: int, columns: int) -> tuple[int, ...]:
    """Numbers of a block of 7 × 7 patches in a scene's grid."""
    return tuple((row + down) * columns + column + right for down in range(7) for right in range(7))


SCENES: Final = (
    SyntheticScene(
        "spring", 1, 32737, (374132.3389928384, 8118022.836060452), 29, _block(1, 1, 29)
    ),
    SyntheticScene(
        "spring", 17, 32721, (183800.50983261428, 8429043.966125323), 29, _block(9, 9, 29)
    ),
    SyntheticScene(
        "summer", 4, 32640, (416623.5964095709, 7573706.855528089), 29, _block(4, 12, 29)
    ),
    SyntheticScene(
        "summer", 26, 32610, (575345.176743983, 5327584.066689974), 29, _block(9, 4, 29)
    ),
    SyntheticScene(
        "summer", 120, 32722, (765018.0475806212, 9868056.647586996), 29, _block(8, 8, 29)
    ),
    SyntheticScene(
        "summer", 142, 32632, (617663.8928573742, 4971972.657152842), 29, _block(6, 6, 29)
    ),
    SyntheticScene(
        "fall", 122, 32756, (310288.03646420524, 6282017.2436492), 29, _block(10, 12, 29)
    ),
    SyntheticScene(
        "fall", 126, 32652, (299050.0973799473, 4217339.259799968), 29, _block(5, 14, 29)
    ),
    SyntheticScene(
        "winter", 8, 32631, (250868.5969066731, 1962386.7011730662), 29, _block(3, 3, 29)
    ),
    SyntheticScene(
        "winter", 25, 32752, (591446.4653417194, 7729510.247456731), 29, _block(7, 2, 29)
    ),
    SyntheticScene(
        "winter", 112, 32631, (676182.595787463, 5663401.982979552), 31, _block(12, 9, 31)
    ),
    SyntheticScene(
        "winter", 123, 32652, (317003.3035086202, 4211683.997476644), 29, _block(1, 1, 29)
    ),
)
"""A dozen real scenes on five continents, a block of each; fall 126 and winter 123 overlap."""

_BROKEN: Final = PatchKey("summer", 142, 212)
"""The patch whose s2 file is truncated, to show how a bad file is reported."""

_EXAMPLES: Final = {True: "forest_by_country", False: "patches_by_subregion"}
"""The query to show, by whether there is land cover."""

_NEXT: Final = """\
Try next:
  sen12ms info {out}
  sen12ms select {out} --region Italy{cover} --sensor s2 --format paths
  sen12ms select {out} --region 'South Korea' --season winter --format geojson -o korea.geojson
  sen12ms sql {out} "SELECT scene_id, country, dominant_cover FROM scenes"\
"""


def _gigabytes(dataset: Dataset) -> float:
    """Size of all files, 10⁹ bytes."""
    values = sum(
        len(sensor.bands) * np.dtype(sensor.dtype).itemsize for sensor in dataset.sensors.values()
    )
    return sum(len(scene.patches) for scene in SCENES) * dataset.patch_pixels * values / 1e9


_SIZES: Final = ", ".join(f"{name} ({_gigabytes(DATASETS[name]):.1f} GB)" for name in DATASETS)


@click.command(short_help="Make a small synthetic SEN12MS and its catalog.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--dataset",
    "name",
    type=click.Choice(list(DATASETS)),
    default=next(iter(DATASETS)),
    show_default=True,
    help=f"Which dataset to write: {_SIZES}.",
)
def demo(folder: Path, name: str) -> None:
    """Write a synthetic dataset of 588 patches and its catalog to DIR.

    The dataset is DIR/SEN12MS, or DIR/SEN12MS-CR, and the catalog DIR/catalog. Names, places, grids
    and file layout are those of the real dataset, the pixels are made up. One file is broken on
    purpose.

    Example: sen12ms demo /tmp/demo
    """
    dataset = DATASETS[name]
    root, out = folder / dataset.about.title, folder / "catalog"
    _claim(folder)
    total = sum(len(scene.patches) for scene in SCENES) * len(dataset.sensors)
    with progress_bars() as progress:
        done = 0
        for scene in SCENES:
            for _ in write_scene(root, scene, dataset):
                done += 1
                progress("make", done, total, 0)
        os.truncate(root / dataset.file_path(_BROKEN, "s2"), 100_000)
        report = indexer.index(root, into=out, dataset=dataset, progress=progress)
    click.echo(summary(report, str(out)), err=True)
    query = statement(f"examples/{_EXAMPLES[bool(dataset.covers)]}")
    click.echo(f"\n{query}", err=True)
    with Catalog.open(out) as cat:
        click.echo(cat.sql(query).to_df().to_string(index=False))
    click.echo(
        "\n" + _NEXT.format(out=out, cover=" --cover 'forest>=0.3'" if dataset.covers else ""),
        err=True,
    )


def _claim(folder: Path) -> None:
    """Make the folder, and mark it as a demo's: what is in it may be written anew."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file: name a new folder for the demo")
    marker = folder / ".sen12ms-demo"
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        raise OutputError(f"{folder} is not empty: name a new folder for the demo")
    folder.mkdir(parents=True, exist_ok=True)
    marker.touch()
