"""Pictures: drawn in the legend's colours, the same bytes for the same subset."""

from __future__ import annotations

import sys
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from catalog import Catalog, index
from catalog.datasets import SEN12MS
from catalog.errors import MissingExtraError, OutputError, UnreadableWarning
from catalog.experiment import leakage
from catalog.pictures.canvas import LAND, new_figure
from catalog.pictures.land import land_from_pieces
from catalog.pictures.layers import A_COLOR, LAYER_ALPHA, LEAK_COLOR
from catalog.pictures.maps import Marks, draw_map, equal_earth
from catalog.source.synthetic import write_scene
from catalog.store.geoparquet import read_countries
from tests.conftest import SCENES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.slow


pytest.importorskip("matplotlib", reason="matplotlib is an optional extra")


def pixels(path: Path) -> np.ndarray:
    from matplotlib.image import imread  # noqa: PLC0415

    found: np.ndarray = imread(BytesIO(path.read_bytes()))[..., :3]
    return found


def to_hex(color: np.ndarray) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in color)


def rgb(colors: Sequence[str]) -> np.ndarray:
    """`#rrggbb` as numbers from 0 to 1, shape (n, 3)."""
    return np.array([list(bytes.fromhex(color[1:])) for color in colors]) / 255


def share_of(picture: np.ndarray, color: str) -> float:
    """Share of the pixels that have a colour."""
    near = np.abs(picture - rgb([color])[0]).max(axis=-1) < 0.02
    return float(near.mean())


def over_land(color: str, alpha: float) -> str:
    """What a colour looks like on land, through which land is seen."""
    above, below = rgb([color])[0], rgb([LAND])[0]
    return to_hex(alpha * above + (1 - alpha) * below)


def test_selection_is_drawn_in_the_colours_of_the_legend(cat: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "all.png"
    cat.select().plot(path, tiles=4)
    picture = pixels(path)
    assert picture.shape[1] == 1800
    counts = dict(cat.sql("SELECT dominant_cover, count(*) FROM patches GROUP BY ALL").fetchall())
    for cover, count in counts.items():
        if count > 3:
            assert share_of(picture, SEN12MS.cover_colors[cover]) > 1e-4, cover


@pytest.mark.parametrize(
    ("ending", "start"), [(".png", b"\x89PNG"), (".PDF", b"%PDF"), (".svg", b"<?xml")]
)
def test_equal_pictures_are_equal_files_of_their_format(
    cat: Catalog, tmp_path: Path, ending: str, start: bytes
) -> None:
    for name in ("one", "two"):
        cat.select(season="fall").plot(tmp_path / f"{name}{ending}", tiles=2)
    content = (tmp_path / f"one{ending}").read_bytes()
    assert content == (tmp_path / f"two{ending}").read_bytes()
    assert content.startswith(start)


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.txt"])
def test_other_formats_are_refused(cat: Catalog, tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match=r"picture: use .png, .pdf, .svg"):
        cat.select(season="fall").plot(tmp_path / name, tiles=0)
    with pytest.raises(OutputError, match=r"picture: use .png, .pdf, .svg"):
        leakage(cat.select(season="fall"), cat.select(season="winter")).plot(tmp_path / name)


def test_unreadable_samples_are_told_and_drawn_grey(tmp_path: Path) -> None:
    list(write_scene(tmp_path / "SEN12MS", SCENES[0], sparse=("s1", "s2")))
    index(tmp_path / "SEN12MS", into=tmp_path / "catalog", workers=1)
    (tmp_path / "SEN12MS").rename(tmp_path / "moved")
    with Catalog.open(tmp_path / "catalog") as cat:
        message = "2 of 2 sample patches have missing or unreadable files, which are drawn grey"
        with pytest.warns(UnreadableWarning, match=message):
            cat.select().plot(tmp_path / "a.png", tiles=2)
    with Catalog.open(tmp_path / "catalog", root=tmp_path / "moved") as cat:
        cat.select().plot(tmp_path / "b.png", tiles=2)
    grey = "#e0e0e0"
    shares = [share_of(pixels(tmp_path / name), grey) for name in ("a.png", "b.png")]
    assert shares[0] > shares[1] + 0.05


def test_selection_of_nothing_is_an_empty_map(cat: Catalog) -> None:
    figure = cat.select(where="false").plot()
    assert figure.texts[0].get_text() == "0 patches of 0 scenes"


def test_headline_counts(cat: Catalog) -> None:
    assert cat.select(season="spring").plot(tiles=0).texts[0].get_text() == (
        "9 patches of 1 scene in 1 country"
    )


def test_leakage_is_drawn_on_top(cat: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "leak.png"
    leakage(cat.select(season="fall"), cat.select(season="winter", region="KOR")).plot(path)
    picture = pixels(path)
    assert share_of(picture, LEAK_COLOR) > 0.001
    assert share_of(picture, over_land(A_COLOR, LAYER_ALPHA)) > 0.0003


def test_map_of_the_world_across_the_antimeridian_is_drawn() -> None:
    land = land_from_pieces(read_countries())
    outlines = np.array([shapely.box(179, 0, 180, 1), shapely.box(-180, 0, -179, 1), None])
    figure = new_figure(4, 2)
    draw_map(figure.add_axes((0, 0, 1, 1)), Marks(outlines, "abc", ["#ff0000"] * 3), land)
    figure.savefig(BytesIO())


def test_countries_are_whole() -> None:
    rows = read_countries()
    land = land_from_pieces(rows)
    assert len(land) == len({row["name"] for row in rows})
    pieces = shapely.area(shapely.from_wkb([row["geometry"] for row in rows])).sum()
    assert shapely.area(land).sum() == pytest.approx(pieces, rel=1e-6)


def test_equal_earth_is_the_published_projection() -> None:
    # Šavrič, Patterson, Jenny (2018), on a unit sphere.
    one, two, three, four = 1.340264, -0.081106, 0.000893, 0.003796
    degrees = np.stack(np.meshgrid(np.linspace(-180, 180, 37), np.linspace(-90, 90, 19)), -1)
    x, y = np.radians(degrees.reshape(-1, 2)).T
    t = np.arcsin(np.sqrt(3) / 2 * np.sin(y))
    slope = 9 * four * t**8 + 7 * three * t**6 + 3 * two * t**2 + one
    expected = np.stack(
        [
            2 * np.sqrt(3) * x * np.cos(t) / (3 * slope),
            four * t**9 + three * t**7 + two * t**3 + one * t,
        ],
        axis=1,
    )
    assert equal_earth(degrees.reshape(-1, 2)) == pytest.approx(expected, abs=1e-12)


def test_equal_earth_keeps_areas() -> None:
    def area(latitude: float) -> float:
        ring = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) + np.array([0, latitude])
        return float(shapely.Polygon(equal_earth(ring)).area / np.cos(np.radians(latitude + 0.5)))

    assert area(60) == pytest.approx(area(0), rel=1e-3)
    assert equal_earth([[180, 0]])[0, 0] == pytest.approx(2.7066, abs=1e-4)


def test_without_matplotlib_the_remedy_is_told(
    cat: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'sen12ms-catalog\[plot\]'"):
        cat.select(season="fall").plot()


def test_picture_that_cannot_be_written_is_one_sentence(cat: Catalog, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: there is no folder"):
        cat.select(season="fall").plot(tmp_path / "nothing" / "a.png", tiles=0)
