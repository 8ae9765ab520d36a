"""A check must find every damage there is, and none where there is none."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from shapely.affinity import translate
from trees import copied, put

from catalog import CatalogNotFoundError, index
from catalog.reading.check import CheckReport, check
from catalog.source.synthetic import format_header
from catalog.store.integrity import write_checksums

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Packed, Small

Rows = list[dict[str, Any]]

SPRING = "ROIs1158_spring/s1_1/ROIs1158_spring_s1_1_p30.tif"
PATCH = "ROIs1158_spring_1_p30"
SCENE = "sen12ms/spring/ROIs1158_spring_1"
ITEM = f"{SCENE}/{PATCH}.json"
ORIGIN = (374132.3389928384, 8118022.836060452)
AGAIN = "run `sen12ms index` again, which rebuilds it"
OTHER = "differs from the table: run `sen12ms index` again"
GONE = "cannot be found: No such file or directory"


@pytest.fixture
def out(small: Small, tmp_path: Path) -> Path:
    """A copy of the small catalog."""
    return shutil.copytree(small.out, tmp_path / "catalog")


@pytest.fixture
def moved(small: Small, tmp_path: Path) -> Path:
    return copied(small, tmp_path)


@pytest.fixture(scope="module")
def of_one_scene(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog of the scene in spring alone."""
    out = tmp_path_factory.mktemp("scene") / "catalog"
    index(small.root / "ROIs1158_spring", into=out)
    return out


def rewrite(out: Path, edit: Callable[[Rows], object]) -> None:
    """Edit the rows of the footprint table, as if `index` had written them so."""
    path = out / "items.parquet"
    table, metadata = pq.read_table(path), pq.read_metadata(path).metadata
    rows = table.to_pylist()
    edit(rows)
    pq.write_table(pa.Table.from_pylist(rows, table.schema.with_metadata(metadata)), path)
    write_checksums(out)


def row_of(rows: Rows, patch: str = PATCH) -> dict[str, Any]:
    return next(row for row in rows if row["id"] == patch)


def findings_of(out: Path, root: Path | None = None) -> set[tuple[str, str]]:
    return {(found.subject, found.problem) for found in check(out, root=root).findings}


def test_a_clean_catalog_has_no_finding(small: Small) -> None:
    assert check(small.out) == CheckReport(patches=54, files=162, unreachable=0, findings=())


def test_progress_tells_of_all_patches(small: Small) -> None:
    told: list[tuple[int, int]] = []
    check(small.out, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (54, 54)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_no_catalog_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogNotFoundError, match="there is no catalog in"):
        check(tmp_path)


def test_a_dataset_that_was_moved_is_found_by_its_new_root(out: Path, moved: Path) -> None:
    assert check(out, root=moved) == CheckReport(54, 162, 0, ())


def test_files_behind_urls_are_counted_and_looked_at_below_a_root(
    small: Small, tmp_path: Path
) -> None:
    index(small.root, into=tmp_path / "catalog", href_base="https://example.org/SEN12MS")
    assert check(tmp_path / "catalog") == CheckReport(54, 0, 162, ())
    assert check(tmp_path / "catalog", root=small.root) == CheckReport(54, 162, 0, ())


def test_files_behind_another_path_are_looked_at_below_a_root(small: Small, tmp_path: Path) -> None:
    index(small.root, into=tmp_path / "catalog", href_base="/nowhere/SEN12MS")
    assert len(check(tmp_path / "catalog").findings) == 162
    assert check(tmp_path / "catalog", root=small.root) == CheckReport(54, 162, 0, ())


def test_archives_are_looked_at_but_not_the_files_in_them(packed: Packed, tmp_path: Path) -> None:
    assert check(packed.out) == CheckReport(54, 0, 162, ())
    gone = {(str(tmp_path / path.name), GONE) for path in packed.archives}
    assert findings_of(packed.out, tmp_path) == gone
    for path in packed.archives:
        shutil.copyfile(path, tmp_path / path.name)
    assert check(packed.out, root=tmp_path) == CheckReport(54, 0, 162, ())
    changed = tmp_path / packed.archives[0].name
    changed.write_bytes(b"0")
    problem = "has changed since it was indexed: run `sen12ms index`"
    assert findings_of(packed.out, tmp_path) == {(str(changed), problem)}


def test_a_file_that_is_gone_is_found(out: Path, moved: Path) -> None:
    (moved / SPRING).unlink()
    assert findings_of(out, moved) == {(str(moved / SPRING), GONE)}


def test_a_file_of_another_size_is_found(out: Path, moved: Path) -> None:
    put(moved / SPRING, b"0" * 1234)
    problem = "has 1,234 bytes where 525,172 are recorded"
    assert findings_of(out, moved) == {(str(moved / SPRING), problem)}


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def edit_item(path: Path) -> None:
    item = json.loads(path.read_bytes())
    item["properties"]["sen12ms:country"] = "ZWE"
    path.write_text(json.dumps(item, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "harm", "problem"),
    [
        pytest.param(ITEM, edit_item, OTHER, id="edited"),
        pytest.param(ITEM, folder_instead, OTHER, id="a folder instead"),
        pytest.param(ITEM, lambda path: path.write_bytes(b"{"), OTHER, id="cut"),
        pytest.param(ITEM, lambda path: path.unlink(), f"is missing: {AGAIN}", id="missing"),
        pytest.param(
            f"{SCENE}/{PATCH}1.json",
            lambda path: path.write_bytes(b"{}"),
            "is not in the table: delete it",
            id="extra",
        ),
    ],
)
def test_an_item_that_is_not_as_the_table_says_is_found(
    out: Path, name: str, harm: Callable[[Path], object], problem: str
) -> None:
    harm(out / name)
    assert findings_of(out) == {(str(out / name), problem)}


@pytest.mark.parametrize(
    "name",
    [
        "catalog.json",
        "sen12ms/collection.json",
        "sen12ms/spring/catalog.json",
        f"{SCENE}/catalog.json",
    ],
)
def test_a_catalog_file_that_is_missing_is_found(out: Path, name: str) -> None:
    (out / name).unlink()
    assert str(out / name) in {subject for subject, _ in findings_of(out)}


def test_the_items_of_a_scene_that_is_in_no_row_are_found(out: Path) -> None:
    shutil.copytree(out / SCENE, out / "sen12ms" / "spring" / "ROIs1158_spring_9")
    assert any("ROIs1158_spring_9" in subject for subject, _ in findings_of(out))


def test_an_id_of_another_key_is_found(out: Path) -> None:
    rewrite(out, lambda rows: row_of(rows).update(id="ROIs1158_spring_1_p99"))
    assert ("ROIs1158_spring_1_p99", f"has the key of {PATCH}") in findings_of(out)


def test_a_key_of_another_patch_is_found(out: Path) -> None:
    rewrite(out, lambda rows: row_of(rows).update({"sen12ms:patch": 99}))
    assert (PATCH, "has the key of ROIs1158_spring_1_p99") in findings_of(out)


def test_a_row_that_is_there_twice_is_found(out: Path) -> None:
    rewrite(out, lambda rows: rows.append(row_of(rows)))
    found = findings_of(out)
    assert (PATCH, "is in the table 2 times") in found
    assert ("report.json", "counts 54 patches, not 55") in found


def test_a_row_that_is_gone_is_found(out: Path) -> None:
    rewrite(out, lambda rows: rows.remove(row_of(rows)))
    catalogs = ("collection.json", "spring/catalog.json", "spring/ROIs1158_spring_1/catalog.json")
    assert findings_of(out) == {
        *((f"{out}/sen12ms/{name}", OTHER) for name in catalogs),
        (str(out / ITEM), "is not in the table: delete it"),
        ("report.json", "counts 54 patches, not 53"),
        (str(out / "catalog.duckdb"), f"holds other patches than the table: {AGAIN}"),
    }


def move_footprint(degrees: float) -> Callable[[Rows], None]:
    def edit(rows: Rows) -> None:
        outline = shapely.from_wkb(row_of(rows)["geometry"])
        row_of(rows)["geometry"] = shapely.to_wkb(translate(outline, degrees, 0), byte_order=1)

    return edit


def test_a_footprint_that_is_not_that_of_the_grid_is_found(out: Path) -> None:
    rewrite(out, move_footprint(2e-7))
    assert (PATCH, "has a footprint that is not that of its grid") in findings_of(out)


def test_a_footprint_within_a_centimetre_is_fine(out: Path) -> None:
    rewrite(out, move_footprint(5e-8))
    changed = {str(out / ITEM), str(out / "catalog.duckdb")}
    assert {subject for subject, _ in findings_of(out)} == changed


def test_a_box_that_is_not_that_of_the_footprint_is_found(out: Path) -> None:
    def edit(rows: Rows) -> None:
        row_of(rows)["bbox"]["xmin"] -= 1

    rewrite(out, edit)
    assert any(subject == PATCH for subject, _ in findings_of(out))


def test_a_patch_off_the_grid_of_its_scene_is_found(moved: Path, tmp_path: Path) -> None:
    for sensor in ("s1", "s2", "lc"):
        path = moved / SPRING.replace("_s1_", f"_{sensor}_").replace("/s1_", f"/{sensor}_")
        header = format_header(sensor, 32737, (ORIGIN[0] + 1280 + 10, ORIGIN[1] - 1280))
        put(path, header + path.read_bytes()[len(header) :])
    out = tmp_path / "catalog"
    index(moved, into=out)
    problem = "is not where its number puts it in the scene's grid"
    assert findings_of(out) == {(PATCH, problem)}


def garbage(path: Path) -> None:
    path.write_bytes(b"garbage")


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


NOT_WRITTEN = "is not what `index` wrote"


@pytest.mark.parametrize("name", ["items.parquet", "catalog.duckdb", "report.json"])
@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (lambda path: path.unlink(), "is missing"),
        (garbage, NOT_WRITTEN),
        (cut_off, NOT_WRITTEN),
        (flip_a_bit, NOT_WRITTEN),
        (folder_instead, "cannot be read (Is a directory)"),
    ],
    ids=["missing", "garbage", "cut off", "a flipped bit", "a folder instead"],
)
def test_a_file_that_index_did_not_write_is_found(
    out: Path, name: str, harm: Callable[[Path], object], problem: str
) -> None:
    harm(out / name)
    assert findings_of(out) == {(str(out / name), f"{problem}: {AGAIN}")}


@pytest.mark.parametrize("harm", [garbage, lambda path: path.unlink(), folder_instead])
def test_checksums_that_cannot_be_used_are_found_and_the_rest_is_checked(
    out: Path, harm: Callable[[Path], object]
) -> None:
    harm(out / "checksums.sha256")
    cut_off(out / "items.parquet")
    checksums, table = check(out).findings
    assert checksums.subject == str(out / "checksums.sha256")
    assert checksums.problem == f"is missing or cannot be understood: {AGAIN}"
    assert table.subject == str(out / "items.parquet")
    assert "cannot be read" in table.problem


OTHER_LISTS: dict[str, Callable[[str, str], str]] = {
    "NUL in a name": lambda text, name: text.replace(name, f"\0{name}"),
    "a line less": lambda text, _: text[: text.rindex("# ")],
    "a line twice": lambda text, _: text + text.splitlines(keepends=True)[0],
    "without the mark of the ends": lambda text, _: text.replace("# ", "", 1),
    "another end of line": lambda text, _: text.replace("\n", "\r\n", 1),
    "not a digest": lambda text, _: f"g{text[1:]}",
    "a file elsewhere": lambda text, name: text.replace(name, f"../../{name}"),
    "an absolute path": lambda text, name: text.replace(name, "/dev/zero"),
    "empty": lambda *_: "",
}


@pytest.mark.parametrize("change", OTHER_LISTS.values(), ids=OTHER_LISTS)
@pytest.mark.parametrize(
    ("listing", "name"),
    [("checksums.sha256", "items.parquet"), ("map/checksums.sha256", "about.json")],
)
def test_checksums_that_index_did_not_write_are_found(
    out: Path, listing: str, name: str, change: Callable[[str, str], str]
) -> None:
    path = out / listing
    written = path.read_text(encoding="utf-8")
    path.write_bytes(change(written, name).encode())
    assert str(path) in {subject for subject, _ in findings_of(out)}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"5", b"{}", b'{"archives": 3}', b'{"archives": [{"path": "a"}]}'],
    ids=["empty", "cut off", "a list", "a number", "nothing in it", "no list", "unknown fields"],
)
@pytest.mark.parametrize("signed", [True, False], ids=["as written", "damaged"])
def test_a_list_of_archives_that_cannot_be_understood_is_found(
    packed: Packed, tmp_path: Path, content: bytes, signed: bool
) -> None:
    out = shutil.copytree(packed.out, tmp_path / "catalog")
    (out / "archives" / "archives.json").write_bytes(content)
    if signed:
        write_checksums(out)
    (found,) = check(out).findings
    assert found.subject == str(out / "archives" / "archives.json")
    assert found.problem.endswith("run `sen12ms index` again, which rebuilds it")


def test_a_database_of_other_patches_is_found(out: Path, of_one_scene: Path) -> None:
    shutil.copy(of_one_scene / "catalog.duckdb", out / "catalog.duckdb")
    assert findings_of(out) == {(str(out / "catalog.duckdb"), f"{NOT_WRITTEN}: {AGAIN}")}
    write_checksums(out)
    problem = f"holds other patches than the table: {AGAIN}"
    assert findings_of(out) == {(str(out / "catalog.duckdb"), problem)}


def test_a_database_that_says_something_else_of_the_same_patches_is_found(
    out: Path, moved: Path, tmp_path: Path
) -> None:
    index(moved, into=tmp_path / "other")
    shutil.copy(tmp_path / "other" / "catalog.duckdb", out / "catalog.duckdb")
    write_checksums(out)
    problem = f"differs from the table: {AGAIN}"
    assert findings_of(out) == {(str(out / "catalog.duckdb"), problem)}


def test_findings_are_in_a_fixed_order(out: Path, moved: Path) -> None:
    for path in sorted(moved.rglob("*_p30.tif")):
        path.unlink()
    first, second = (check(out, root=moved).findings for _ in range(2))
    assert first == second
    assert len(set(first)) == len(first) == 6
