"""What was read once is known again, and nothing that is torn is taken for it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from catalog.model import Rejected, SceneKey
from catalog.store.columns import SCHEMA
from catalog.store.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Small

KEY = SceneKey("spring", 1)
OTHER = SceneKey("summer", 120)
REJECTED = (
    Rejected("/data/ROIs1158_spring_s1_1_p30.tif", "is empty (0 bytes)"),
    Rejected("/data/naïve.tif", "has no name of SEN12MS"),
)


def columns_from_array(array: pa.Array) -> Any:
    """A column as `table_from_columns` takes it."""
    if not pa.types.is_struct(array.type):
        return array.to_pylist()
    children = zip(array.type.fields, array.flatten(), strict=True)
    return {"": array.is_null().to_numpy(zero_copy_only=False)} | {
        field.name: columns_from_array(child) for field, child in children
    }


@pytest.fixture(scope="module")
def rows(small: Small) -> pa.Table:
    """The rows of one scene."""
    table = pq.read_table(small.out / "items.parquet").replace_schema_metadata(None)
    return table.filter(pc.equal(table["sen12ms:season"], KEY.season)).cast(SCHEMA)


@pytest.fixture(scope="module")
def columns(rows: pa.Table) -> dict[str, Any]:
    return {name: columns_from_array(rows[name].combine_chunks()) for name in rows.column_names}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "catalog.journal")


def file_of(journal: Journal) -> Path:
    """The only file of a journal."""
    (path,) = journal.folder.iterdir()
    return path


def test_a_scene_comes_back_with_its_rows_and_rejected_files(
    journal: Journal, columns: dict[str, Any], rows: pa.Table
) -> None:
    journal.save(KEY, "now", columns, REJECTED)
    record = journal.load(KEY)
    assert record.key == KEY
    assert record.table.equals(rows, check_metadata=True)
    assert record.rows() == rows.to_pylist()
    assert record.column("id") == rows["id"].to_pylist()
    assert record.rejected == REJECTED


def test_a_scene_of_nothing_but_bad_files_comes_back(journal: Journal) -> None:
    journal.save(KEY, "now", None, REJECTED)
    record = journal.load(KEY)
    assert (record.rows(), record.rejected) == ([], REJECTED)
    assert record.table.schema == SCHEMA


def test_a_scene_is_known_by_its_fingerprint_alone(
    journal: Journal, columns: dict[str, Any]
) -> None:
    assert not journal.holds(KEY, "now")
    journal.save(KEY, "now", columns, ())
    assert journal.holds(KEY, "now")
    assert not journal.holds(KEY, "later")
    assert not journal.holds(KEY, "")
    assert not journal.holds(OTHER, "now")


def test_what_is_saved_later_replaces_what_was_there(
    journal: Journal, columns: dict[str, Any]
) -> None:
    journal.save(KEY, "now", columns, ())
    journal.save(KEY, "later", None, REJECTED)
    assert not journal.holds(KEY, "now")
    assert journal.holds(KEY, "later")
    assert journal.load(KEY).rejected == REJECTED
    assert file_of(journal).suffix == ".arrow"


def cut(content: bytes) -> list[bytes]:
    return [content[:length] for length in range(0, len(content), 509)]


def lose_the_end(content: bytes) -> list[bytes]:
    return [content[:n].ljust(len(content), b"\0") for n in range(0, len(content), 1021)]


def lose_a_page(content: bytes) -> list[bytes]:
    starts = range(4096, len(content) - 8192, 4096)
    return [content[:n] + bytes(4096) + content[n + 4096 :] for n in starts]


def garbage(content: bytes) -> list[bytes]:
    noise = [random.Random(seed).randbytes(seed * 37) for seed in range(40)]
    return [*noise, *(b"ARROW1\0\0" + text + b"ARROW1" for text in noise)]


@pytest.mark.parametrize("tear", [cut, lose_the_end, lose_a_page, garbage])
def test_a_torn_file_is_not_trusted(
    journal: Journal, columns: dict[str, Any], tear: Callable[[bytes], list[bytes]]
) -> None:
    journal.save(KEY, "now", columns, REJECTED)
    path = file_of(journal)
    content = path.read_bytes()
    torn = [other for other in tear(content) if other != content]
    assert torn
    for other in torn:
        path.write_bytes(other)
        assert not journal.holds(KEY, "now")


def test_a_folder_in_place_of_a_file_is_not_trusted(
    journal: Journal, columns: dict[str, Any]
) -> None:
    journal.save(KEY, "now", columns, ())
    path = file_of(journal)
    path.unlink()
    path.mkdir()
    assert not journal.holds(KEY, "now")


def test_pruning_forgets_all_but_what_is_kept(journal: Journal, columns: dict[str, Any]) -> None:
    journal.save(KEY, "now", columns, ())
    journal.save(OTHER, "now", columns, ())
    (journal.folder / "ROIs1158_spring_1.partial").write_bytes(b"of a killed run")
    (journal.folder / "notes.txt").write_text("not ours", encoding="utf-8")
    journal.prune([KEY])
    assert journal.holds(KEY, "now")
    assert not journal.holds(OTHER, "now")
    assert sorted(path.name for path in journal.folder.iterdir()) == [
        "ROIs1158_spring_1.arrow",
        "notes.txt",
    ]


def test_a_journal_that_was_deleted_can_be_pruned(journal: Journal) -> None:
    journal.prune([KEY])
    assert not journal.folder.exists()
