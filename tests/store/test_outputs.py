"""Names of files and folders that no file system has are refused at every door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalog import Catalog, CatalogError, index
from catalog.datasets import SEN12MS_CR
from catalog.experiment import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Small

NUL = "a\0b"
DOORS: dict[str, Callable[[Catalog, Small, Path], object]] = {
    "open": lambda _cat, _small, _folder: Catalog.open(NUL),
    "open a table": lambda _cat, _small, _folder: Catalog.open(f"{NUL}.parquet"),
    "moved": lambda _cat, small, _folder: Catalog.open(small.out, root=NUL),
    "index": lambda _cat, _small, folder: index(NUL, into=folder / "out"),
    "into": lambda _cat, small, folder: index(small.root, into=folder / NUL),
    "hrefs": lambda _cat, small, folder: index(small.root, into=folder / "out", href_base=NUL),
    "cloud cover": lambda _cat, small, folder: index(
        small.root, into=folder / "out", dataset=SEN12MS_CR, cloud_cover=NUL
    ),
    "land cover": lambda _cat, small, folder: index(
        small.root, into=folder / "out", dataset=SEN12MS_CR, land_cover_from=NUL
    ),
    "region": lambda cat, _small, folder: cat.select(region=folder / NUL),
    "extract": lambda cat, _small, folder: cat.select().extract("lc", to=folder / NUL),
    "manifest": lambda cat, _small, folder: cat.select().save(folder / f"{NUL}.csv"),
    "table": lambda cat, _small, folder: cat.select().to_parquet(folder / NUL),
    "file": lambda cat, _small, folder: cat.select().to_file(folder / f"{NUL}.gpkg"),
    "picture": lambda cat, _small, folder: cat.select().plot(folder / f"{NUL}.png", tiles=0),
    "list": lambda cat, _small, folder: load(folder / f"{NUL}.txt", cat),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_nul_character_in_a_path_is_an_error_of_one_sentence(
    cat: Catalog, small: Small, tmp_path: Path, door: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        DOORS[door](cat, small, tmp_path)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
