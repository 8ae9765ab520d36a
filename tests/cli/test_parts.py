"""A catalog whose files do not belong together is refused by every command that reads it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from catalog import Catalog, CatalogNotFoundError, index
from catalog.store.integrity import write_checksums

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Run
    from tests.conftest import Small

PARTS = ("items.parquet", "catalog.duckdb", "report.json", "checksums.sha256")
COMMANDS = (
    "info OUT",
    "select OUT",
    "sql OUT --timeout 20 FROM+scenes",
    "split OUT",
    "sample OUT -n 2",
    "extract OUT --to NEW",
    "plot OUT -o NEW.png",
    "serve OUT --port 0",
    "manifest save OUT -o NEW.csv",
    "manifest load GOOD.csv OUT",
    "manifest verify GOOD.csv OUT",
)


@pytest.fixture(scope="module")
def other(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalog of one season."""
    out = tmp_path_factory.mktemp("other") / "catalog"
    index(small.root / "ROIs1158_spring", into=out)
    return out


@pytest.fixture
def out(small: Small, tmp_path: Path) -> Path:
    return shutil.copytree(small.out, tmp_path / "catalog")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", PARTS)
def test_every_command_refuses_a_part_of_another_catalog(
    run: Run, small: Small, other: Path, out: Path, command: str, name: str
) -> None:
    with Catalog.open(small.out) as catalog:
        catalog.select().save(out.parent / "GOOD.csv")
    shutil.copy(other / name, out / name)
    places = {"OUT": str(out), "NEW": str(out.parent / "new"), "GOOD": str(out.parent / "GOOD")}
    words = [word.replace("+", " ") for word in command.split()]
    for place, path in places.items():
        words = [word.replace(place, path) for word in words]
    before = set(out.parent.rglob("*"))
    result = run(*words)
    assert (result.code, result.out) == (1, "")
    told = " ".join(result.err.split())
    assert told.startswith(f"Error: {out}")
    assert "does not belong to the other files of the catalog: run `sen12ms index` again" in told
    assert set(out.parent.rglob("*")) == before


def test_a_table_and_a_database_alone_are_a_catalog_if_they_belong_together(
    small: Small, other: Path, tmp_path: Path
) -> None:
    for name in ("items.parquet", "catalog.duckdb"):
        shutil.copy(small.out / name, tmp_path / name)
    with Catalog.open(tmp_path) as catalog:
        assert catalog.folder == tmp_path
        assert len(catalog.select()) == 54
    shutil.copy(other / "catalog.duckdb", tmp_path / "catalog.duckdb")
    with pytest.raises(CatalogNotFoundError, match=r"catalog\.duckdb"):
        Catalog.open(tmp_path)


def test_a_database_of_another_table_is_refused_by_what_it_says(other: Path, out: Path) -> None:
    """Its size and ends may be those of the right one: DuckDB writes the same there."""
    shutil.copy(other / "catalog.duckdb", out / "catalog.duckdb")
    write_checksums(out)
    with pytest.raises(CatalogNotFoundError, match=r"catalog\.duckdb does not belong to the other"):
        Catalog.open(out)


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 2)


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [cut_off, flip_a_bit, replace_by_a_folder])
@pytest.mark.parametrize("name", PARTS)
def test_a_damaged_part_is_refused(out: Path, name: str, harm: Callable[[Path], Any]) -> None:
    harm(out / name)
    with pytest.raises(CatalogNotFoundError, match=r"run `sen12ms index` again|there is no cat"):
        Catalog.open(out)


def test_a_part_that_index_made_again_belongs_to_the_others(
    small: Small, other: Path, out: Path
) -> None:
    shutil.copy(other / "catalog.duckdb", out / "catalog.duckdb")
    index(small.root, into=out)
    with Catalog.open(out) as catalog:
        assert len(catalog.select()) == 54


def test_a_copy_with_other_times_belongs_together(small: Small, tmp_path: Path) -> None:
    out = shutil.copytree(small.out, tmp_path / "copy", copy_function=shutil.copyfile)
    for path in out.iterdir():
        os.utime(path, (0, 0))
    with Catalog.open(out) as catalog:
        assert len(catalog.select()) == 54


def test_a_catalog_that_is_replaced_while_it_is_opened_is_not_refused(
    out: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checksums are read of the one, the parts of the other."""
    good, read = out.parent / "good", type(out).read_bytes
    (out / "checksums.sha256").rename(good)
    shutil.copy(other / "checksums.sha256", out / "checksums.sha256")

    def read_and_replace(path: Path) -> bytes:
        content = read(path)
        if path.name == "checksums.sha256" and good.exists():
            good.rename(path)
        return content

    monkeypatch.setattr(type(out), "read_bytes", read_and_replace)
    with Catalog.open(out) as catalog:
        assert len(catalog.select()) == 54
    assert not good.exists()
