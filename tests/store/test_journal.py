"""What was read once is known again, and nothing that is torn is taken for it."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from catalog.datasets import SEN12MS
from catalog.model import Rejected, SceneKey
from catalog.store.columns import schema
from catalog.store.journal import Journal, SceneRecord

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
SCENE = SceneRecord(KEY, {"s1": 0, "s2": 3}, REJECTED, {"patches": 9, "bbox": [1.5, 2, 3, 4]})
NO_ROWS = schema(SEN12MS).empty_table()


@pytest.fixture(scope="module")
def rows(small: Small) -> pa.Table:
    """The rows of one scene."""
    table = pq.read_table(small.out / "items.parquet").replace_schema_metadata(None)
    return table.filter(pc.equal(table["sen12ms:season"], KEY.season)).cast(schema(SEN12MS))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "catalog.journal", SEN12MS)


def file_of(journal: Journal) -> Path:
    """The only file of a journal."""
    (path,) = journal.folder.iterdir()
    return path


def test_a_scene_comes_back_with_its_rows_and_rejected_files(
    journal: Journal, rows: pa.Table
) -> None:
    journal.save("now", SCENE, rows)
    assert journal.known(KEY, "now") == SCENE
    assert journal.rows(KEY).equals(rows, check_metadata=True)


def test_a_scene_of_nothing_but_bad_files_comes_back(journal: Journal) -> None:
    nothing = SceneRecord(KEY, {"s1": 0}, REJECTED, None)
    journal.save("now", nothing, NO_ROWS)
    assert journal.known(KEY, "now") == nothing
    assert journal.rows(KEY).equals(NO_ROWS)


def test_a_scene_is_known_by_its_fingerprint_alone(journal: Journal, rows: pa.Table) -> None:
    assert journal.known(KEY, "now") is None
    journal.save("now", SCENE, rows)
    assert journal.known(KEY, "now") is not None
    assert journal.known(KEY, "later") is None
    assert journal.known(KEY, "") is None
    assert journal.known(OTHER, "now") is None


def test_what_is_saved_later_replaces_what_was_there(journal: Journal, rows: pa.Table) -> None:
    journal.save("now", SCENE, rows)
    journal.save("later", SCENE, NO_ROWS)
    assert journal.known(KEY, "now") is None
    assert journal.known(KEY, "later") is not None
    assert journal.rows(KEY).num_rows == 0
    assert file_of(journal).suffix == ".arrow"


def cut(content: bytes) -> list[bytes]:
    return [content[:length] for length in range(0, len(content), 509)]


def lose_the_end(content: bytes) -> list[bytes]:
    return [content[:n].ljust(len(content), b"\0") for n in range(0, len(content), 1021)]


def lose_a_page(content: bytes) -> list[bytes]:
    starts = range(4096, len(content) - 8192, 4096)
    return [content[:n] + bytes(4096) + content[n + 4096 :] for n in starts]


def flip_a_bit(content: bytes) -> list[bytes]:
    flipped = []
    for n in range(0, len(content), 37):
        flipped.append(bytearray(content))
        flipped[-1][n] ^= 1 << n % 8
    return list(map(bytes, flipped))


def garbage(content: bytes) -> list[bytes]:
    noise = [random.Random(seed).randbytes(seed * 37) for seed in range(40)]
    return [*noise, *(b"ARROW1\0\0" + text + b"ARROW1" for text in noise)]


@pytest.mark.parametrize("tear", [cut, lose_the_end, lose_a_page, flip_a_bit, garbage])
def test_a_torn_file_is_not_trusted(
    journal: Journal, rows: pa.Table, tear: Callable[[bytes], list[bytes]]
) -> None:
    journal.save("now", SCENE, rows)
    path = file_of(journal)
    content = path.read_bytes()
    torn = [other for other in tear(content) if other != content]
    assert torn
    for other in torn:
        path.write_bytes(other)
        assert journal.known(KEY, "now") is None


def test_a_folder_in_place_of_a_file_is_not_trusted(journal: Journal, rows: pa.Table) -> None:
    journal.save("now", SCENE, rows)
    path = file_of(journal)
    path.unlink()
    path.mkdir()
    assert journal.known(KEY, "now") is None


def test_pruning_forgets_all_but_what_is_kept(journal: Journal, rows: pa.Table) -> None:
    journal.save("now", SCENE, rows)
    journal.save("now", replace(SCENE, key=OTHER), rows)
    (journal.folder / "ROIs1158_spring_1.partial").write_bytes(b"of a killed run")
    (journal.folder / "notes.txt").write_text("not ours", encoding="utf-8")
    (journal.folder / "folder.arrow").mkdir()
    journal.prune([KEY])
    assert journal.known(KEY, "now") is not None
    assert journal.known(OTHER, "now") is None
    assert sorted(path.name for path in journal.folder.iterdir()) == [
        "ROIs1158_spring_1.arrow",
        "folder.arrow",
        "notes.txt",
    ]


def test_a_journal_that_was_deleted_can_be_pruned(journal: Journal) -> None:
    journal.prune([KEY])
    assert not journal.folder.exists()
