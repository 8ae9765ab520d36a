"""Fixtures that many tests share: a small dataset, its catalog, real files, golden files."""

from __future__ import annotations

import os
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import settings
from real_files import write_real_files
from replica import write_tables

from catalog import Catalog, Report, index
from catalog.source.synthetic import SyntheticScene, write_scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stores import S3

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")  # `--hypothesis-profile default` draws other examples

TESTS = Path(__file__).parent
FAST: Final[dict[str, Any]] = {"compresslevel": 1}


def block(row: int, column: int, columns: int, size: int = 3) -> tuple[int, ...]:
    """Numbers of a square block of patches in a scene's grid."""
    return tuple(
        (row + down) * columns + column + right for down in range(size) for right in range(size)
    )


SCENES = (
    SyntheticScene("spring", 1, 32737, (374132.3389928384, 8118022.836060452), 29, block(1, 1, 29)),
    SyntheticScene(
        "summer", 120, 32722, (765018.0475806212, 9868056.647586996), 29, block(8, 8, 29)
    ),
    SyntheticScene(
        "summer", 142, 32632, (617663.8928573742, 4971972.657152842), 29, block(6, 6, 29)
    ),
    SyntheticScene(
        "fall", 126, 32652, (299050.0973799473, 4217339.259799968), 29, block(5, 14, 29)
    ),
    SyntheticScene(
        "winter", 112, 32631, (676182.595787463, 5663401.982979552), 31, block(12, 9, 31)
    ),
    SyntheticScene(
        "winter", 123, 32652, (317003.3035086202, 4211683.997476644), 29, block(1, 1, 29)
    ),
)
"""Mozambique, Brazil, Italy, South Korea twice (they overlap), the Netherlands and Belgium."""


@dataclass(frozen=True)
class Small:
    """The small dataset and its catalog; tests must leave both as they are."""

    root: Path
    out: Path
    report: Report


def write_small(root: Path) -> None:
    """54 patches in real layout: land cover with pixels, Sentinel files without."""
    for scene in SCENES:
        for _ in write_scene(root, scene, sparse=("s1", "s2")):
            pass


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    folder = tmp_path_factory.mktemp("small")
    root, out = folder / "SEN12MS", folder / "catalog"
    write_small(root)
    return Small(root, out, index(root, into=out))


@pytest.fixture(scope="session")
def thousands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare table of 2,016 patches, eight of each scene, with invented land cover."""
    folder = tmp_path_factory.mktemp("thousands")
    write_tables(folder, most=8)
    return folder / "items.parquet"


def pack_tree(root: Path, folder: Path, *, ending: str = "tar.gz") -> list[Path]:
    """The dataset as it is shipped: an archive for each season and sensor."""
    folder.mkdir(parents=True, exist_ok=True)
    archives = []
    for season in sorted(path for path in root.iterdir() if path.is_dir()):
        for sensor in ("lc", "s1", "s2"):
            archives.append(folder / f"{season.name}_{sensor}.{ending}")
            mode = "w" if ending == "tar" else "w:gz"
            with tarfile.open(archives[-1], mode, **({} if ending == "tar" else FAST)) as archive:
                for scene in sorted(season.glob(f"{sensor}_*")):
                    archive.add(scene, f"{season.name}/{scene.name}")
    return archives


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """An object store with an empty bucket, which a test may have fail."""
    from stores import s3  # noqa: PLC0415 - of the extra `cloud`

    with s3() as store:
        yield store


@dataclass(frozen=True)
class Packed:
    """The small dataset in archives, and their catalog; tests must leave both as they are."""

    archives: list[Path]
    out: Path
    report: Report


@pytest.fixture(scope="session")
def pack() -> Callable[..., list[Path]]:
    """Packs a tree into archives below a folder."""
    return pack_tree


@pytest.fixture(scope="session")
def packed(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    folder = tmp_path_factory.mktemp("packed")
    archives, out = pack_tree(small.root, folder), folder / "catalog"
    return Packed(archives, out, index(*archives, into=out))


@pytest.fixture(scope="module")
def cat(small: Small) -> Iterator[Catalog]:
    """The small catalog, opened once: that takes longer than many a question."""
    with Catalog.open(small.out) as catalog:
        yield catalog


@pytest.fixture(scope="module")
def table_cat(small: Small) -> Iterator[Catalog]:
    """The same catalog, from nothing but its table."""
    with Catalog.open(small.out / "items.parquet") as catalog:
        yield catalog


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real files of the dataset, with pixels that are made; tests must leave them as they are."""
    root = tmp_path_factory.mktemp("real") / "SEN12MS"
    write_real_files(root)
    return root


def pytest_configure(config: pytest.Config) -> None:
    """Keep matplotlib's caches out of the user's home, and from one run to the next."""
    os.environ.setdefault("MPLCONFIGDIR", str(config.cache.mkdir("matplotlib")))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@dataclass(frozen=True)
class Golden:
    """Texts that people read, kept beside the tests."""

    folder: Path
    update: bool

    def check(self, name: str, text: str) -> None:
        """The text is that of the golden file."""
        path = self.folder / name
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"there is no {path}: write it with --update-golden"
        assert text == path.read_text(encoding="utf-8")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(TESTS / "golden", bool(request.config.getoption("--update-golden")))
