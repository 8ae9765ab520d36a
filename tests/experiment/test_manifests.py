"""Manifests: written, read, verified, compared and loaded; equal subsets are equal files."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import Catalog
from catalog.datasets import SEN12MS, Dataset
from catalog.errors import CatalogNotFoundError, FilterError, ManifestError, OutputError
from catalog.experiment import Entry, File, Manifest, diff, load, read_list, verify
from catalog.store.manifest_file import write_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Golden, Small

ENDINGS = [".parquet", ".csv", ".json"]

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
sizes = st.integers(0, 2**36)
files = st.builds(File, texts, sizes)


def manifests_of(dataset: Dataset) -> st.SearchStrategy[Manifest]:
    entries = st.builds(
        Entry,
        st.from_regex(r"ROIs1158_spring_[1-9][0-9]?_p[1-9][0-9]?", fullmatch=True),
        st.none() | texts,
        st.fixed_dictionaries({}, optional=dict.fromkeys(dataset.sensors, files)),
    )
    return st.builds(
        Manifest,
        st.lists(entries, max_size=8).map(tuple),
        st.fixed_dictionaries({"package": texts, "filter": st.dictionaries(texts, sizes)}),
        st.just({"season": {"spring": 3}}),
        st.just(dataset),
    )


CLOUDY = replace(SEN12MS, sensors={**SEN12MS.sensors, "s2_cloudy": SEN12MS.sensors["s2"]})
"""As SEN12MS-CR has it: a sensor more."""


@pytest.mark.parametrize("ending", ENDINGS)
@given(manifest=manifests_of(SEN12MS) | manifests_of(CLOUDY))
def test_manifest_comes_back_from_its_file(
    tmp_path_factory: pytest.TempPathFactory, manifest: Manifest, ending: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"manifest{ending}"
    write_manifest(manifest, path)
    assert read_list(path, manifest.dataset) == manifest


@pytest.mark.parametrize("ending", [*ENDINGS, ".txt", ".pkl"])
def test_equal_subsets_are_equal_files(cat: Catalog, tmp_path: Path, ending: str) -> None:
    for name in ("one", "two"):
        cat.select(season="winter", cover={"water": (0, 0.9)}).save(tmp_path / f"{name}{ending}")
    assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes()


def test_manifest_says_all_about_the_subset(cat: Catalog, small: Small) -> None:
    manifest = cat.select(season="winter", region="nld", cover={"water": (0, 0.9)}).manifest()
    assert manifest.made["filter"] == {
        "season": ["winter"],
        "cover": ["cover.water >= 0.0", "cover.water <= 0.9"],
        "region": "country:Netherlands",
        "predicate": "intersects",
    }
    assert cat.select(**manifest.made["filter"]).ids == manifest.ids
    assert [row[0] for row in cat.sql(manifest.made["sql"]).fetchall()] == manifest.ids
    assert manifest.made["package"].startswith("sen12ms-catalog ")
    table = (small.out / "items.parquet").read_bytes()
    assert manifest.made["catalog"] == hashlib.sha256(table).hexdigest()
    assert manifest.counts["season"] == {"winter": len(manifest.ids)}
    assert sum(manifest.counts["dominant_cover"].values()) == len(manifest.ids) > 0
    assert {entry.split for entry in manifest.entries} == {"train"}
    for entry in manifest.entries:
        assert list(entry.files) == ["s1", "s2", "lc"]
        for path, size in entry.files.values():
            assert os.path.getsize(path) == size
    assert manifest.bytes == sum(map(os.path.getsize, cat.pick(manifest.ids).paths()))


def test_digest_is_one_that_anybody_can_compute() -> None:
    files = {"s1": File("x", 1), "s2": File("y", 2), "lc": File("z", 3)}
    manifest = Manifest((Entry("a", None, files), Entry("b", None, {"lc": File("w", 4)})))
    assert manifest.sha256 == hashlib.sha256(b"a 1 2 3\nb - - 4\n").hexdigest()


def test_json_manifest_reads_well(golden: Golden, tmp_path: Path) -> None:
    files = {"s1": File("/d/s1.tif", 525_172), "s2": File("/d/s2.tif", 1_706_432)}
    entry = Entry("ROIs1158_spring_1_p30", "train", files)
    made = {"package": "sen12ms-catalog 1.0", "filter": {"season": ["spring"]}, "steps": []}
    write_manifest(Manifest((entry, entry), made, {"season": {"spring": 2}}), tmp_path / "m.json")
    golden.check("experiment/manifest.json", (tmp_path / "m.json").read_text())


def test_csv_manifest_is_plain_csv_below_a_comment(cat: Catalog, tmp_path: Path) -> None:
    cat.select(season="fall").save(tmp_path / "m.csv")
    frame = pd.read_csv(tmp_path / "m.csv", comment="#")
    assert list(frame["id"]) == cat.select(season="fall").ids
    assert duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/m.csv'").fetchall() == [(9,)]


def test_parquet_manifest_is_a_table(cat: Catalog, tmp_path: Path) -> None:
    cat.select(season="fall").save(tmp_path / "m.parquet")
    table = pq.read_table(tmp_path / "m.parquet")
    columns = ["id", "split", "s1", "s2", "lc", "s1_bytes", "s2_bytes", "lc_bytes"]
    assert table.column_names == columns
    assert table.column("id").to_pylist() == cat.select(season="fall").ids


@pytest.mark.parametrize("ending", [*ENDINGS, ".txt", ".pkl"])
def test_manifest_loads_into_the_same_selection(
    cat: Catalog, table_cat: Catalog, tmp_path: Path, ending: str
) -> None:
    subset = cat.select(split="train", season=["fall", "winter"])
    subset.save(tmp_path / f"m{ending}")
    for catalog in (cat, table_cat):
        loaded = load(tmp_path / f"m{ending}", catalog)
        assert loaded.ids == subset.ids
        assert loaded.paths("s2") == subset.paths("s2")


def test_missing_file_is_kept_as_missing(small: Small, tmp_path: Path) -> None:
    with Catalog.open(small.out) as cat:
        manifest = cat.select(season="fall").manifest()
    files = {name: file for name, file in manifest.entries[0].files.items() if name != "s1"}
    entry = replace(manifest.entries[0], files=files)
    for ending in ENDINGS:
        write_manifest(Manifest((entry,), manifest.made), tmp_path / f"m{ending}")
        assert read_list(tmp_path / f"m{ending}").entries == (entry,)


def test_untouched_dataset_verifies(cat: Catalog, small: Small, tmp_path: Path) -> None:
    cat.select(season="winter").save(tmp_path / "m.parquet")
    assert verify(tmp_path / "m.parquet", cat) == []
    assert verify(tmp_path / "m.parquet", small.root) == []
    cat.select(season="winter").save(tmp_path / "m.txt")
    assert verify(tmp_path / "m.txt", cat) == []
    assert verify(tmp_path / "m.txt", small.root) == []


def test_what_changed_is_found(cat: Catalog, small: Small, tmp_path: Path) -> None:
    manifest = cat.select(season="fall").manifest()
    one, two, three = manifest.ids[:3]
    folder = tmp_path / "moved"
    for path in cat.select(season="fall").paths():
        (folder / os.path.basename(os.path.dirname(path))).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / os.path.basename(os.path.dirname(path)))
    files = {entry.id: entry.files for entry in manifest.entries}

    def moved(file: File) -> Path:
        path = file.path
        return folder / os.path.basename(os.path.dirname(path)) / os.path.basename(path)

    os.truncate(moved(files[one]["s2"]), 1000)
    moved(files[two]["lc"]).unlink()
    for file in files[three].values():
        moved(file).unlink()
    assert [(found.subject, found.problem) for found in verify(manifest, folder)] == [
        (one, "has 1,000 bytes of s2 where 1,706,432 are recorded"),
        (two, "has no lc"),
        (three, "is missing"),
    ]


Change = Callable[[list[dict[str, Any]]], object]


def edited(path: Path, change: Change) -> None:
    """The rows of a manifest, changed, below the header that it had."""
    if path.suffix == ".json":
        content = orjson.loads(path.read_bytes())
        change(content["entries"])
        path.write_bytes(orjson.dumps(content))
    elif path.suffix == ".csv":
        head, *lines = path.read_text().splitlines(keepends=True)
        rows = list(csv.DictReader(lines))
        change(rows)
        with path.open("w", newline="") as file:
            file.write(head)
            writer = csv.DictWriter(file, lines[0].strip().split(","))
            writer.writeheader()
            writer.writerows(rows)
    else:
        table = pq.read_table(path)
        rows = table.to_pylist()
        change(rows)
        pq.write_table(pa.Table.from_pylist(rows, table.schema), path)


def test_a_table_that_lost_the_header_of_its_manifest_is_refused(
    cat: Catalog, tmp_path: Path
) -> None:
    path = tmp_path / "m.parquet"
    cat.select(season="fall").save(path)
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)
    with pytest.raises(ManifestError, match="was changed: it has no header; get it again"):
        read_list(path)


@pytest.mark.parametrize("start", [b"#!{", b"x {", b"#"])
def test_a_csv_with_a_damaged_start_is_not_a_list_of_names(
    cat: Catalog, tmp_path: Path, start: bytes
) -> None:
    path = tmp_path / "m.csv"
    cat.select(season="fall").save(path)
    path.write_bytes(path.read_bytes().replace(b"# {", start, 1))
    with pytest.raises(ManifestError, match="is not a valid manifest"):
        read_list(path)


@pytest.mark.parametrize("content", [b"", b"# names\n", b"\n\n", b"ROIs1158_spring_1_p30\n\0\n"])
def test_a_csv_without_names_or_with_zeros_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.csv").write_bytes(content)
    with pytest.raises(ManifestError, match=r"a list of patches: it is (empty|not a text)"):
        read_list(tmp_path / "m.csv")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.pop(), "was cut off or changed: it records 9 patches and holds 8"),
        (lambda rows: rows.clear(), "was cut off or changed: it records 9 patches and holds 0"),
        (lambda rows: rows.append(rows[0]), "it records 9 patches and holds 10"),
        (lambda rows: rows.reverse(), "was changed: its SHA-256 is not the recorded one"),
        (lambda rows: rows[3].update(s2_bytes=7), "was changed: its SHA-256 is not"),
        (lambda rows: rows[3].update(lc_bytes=None), "row 4 has '.+' of None bytes as its lc"),
        (lambda rows: rows[3].update(s1=None), "row 4 has None of 525172 bytes as its s1"),
        (lambda rows: rows[3].update(s1_bytes=-1), "row 4 has '.+' of '?-1'? bytes as its s1"),
        (lambda rows: rows[3].update(id=""), "row 4 has the id (''|None)"),
    ],
    ids=["cut", "empty", "more", "order", "size", "no size", "no path", "negative", "no id"],
)
def test_manifest_that_was_cut_off_or_changed_is_refused(
    cat: Catalog, tmp_path: Path, ending: str, change: Change, message: str
) -> None:
    path = tmp_path / f"m{ending}"
    cat.select(season="fall").save(path)
    edited(path, change)
    for read in (
        lambda: read_list(path),
        lambda: load(path, cat),
        lambda: verify(path, cat),
        lambda: diff(path, path),
    ):
        with pytest.raises(ManifestError, match=message):
            read()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b",1706432,", b",x,", "row 1 has '.+' of 'x' bytes as its s2"),
        (b",1706432,", b",1_706_432,", "row 1 has '.+' of '1_706_432' bytes as its s2"),
        (b",1706432,", b"," + b"9" * 30 + b",", "row 1 has '.+' of 9+ bytes as its s2"),
        (b",1706432,", b"," + b"9" * 5000 + b",", "is not a valid manifest"),
        (b",262788\n", b"\n", "row 1 has 7 cells where there are 8"),
        (b",262788\n", b",262788,5\n", "row 1 has 9 cells where there are 8"),
        (b'"patches":9', b'"patches":"9"', "it records 9 patches and holds 9"),
        (b'"counts":{', b'"counts":5,"x":{', "its counts are 5"),
        (b'"manifest":1', b'"manifest":"1"', "of another version"),
        (b"\nid,", b"\nname,", "it has the columns name, split"),
        (b"s1", b"\xff1", "'utf-8' codec"),
    ],
)
def test_damaged_csv_manifest_is_refused(
    cat: Catalog, tmp_path: Path, old: bytes, new: bytes, message: str
) -> None:
    path = tmp_path / "m.csv"
    cat.select(season="fall").save(path)
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    with pytest.raises(ManifestError, match=message):
        read_list(path)


@pytest.mark.parametrize("value", ["5", 5.0, True, -1, 2**63, [], {}])
def test_size_of_another_type_is_refused(cat: Catalog, tmp_path: Path, value: object) -> None:
    path = tmp_path / "m.json"
    cat.select(season="fall").save(path)
    edited(path, lambda rows: rows[0].update(s1_bytes=value))
    with pytest.raises(ManifestError, match=r"row 1 has '.+' of .+ bytes as its s1"):
        read_list(path)


def test_manifest_of_another_dataset_is_refused(tmp_path: Path) -> None:
    write_manifest(Manifest((Entry("a"),), dataset=CLOUDY), tmp_path / "m.csv")
    with pytest.raises(ManifestError, match=r"it has the columns .*s2_cloudy.*, and not id"):
        read_list(tmp_path / "m.csv")


def test_line_breaks_in_a_path_survive_csv_as_others_read_it(tmp_path: Path) -> None:
    paths = ["/a\rb/s1.tif", "/a\nb/s1.tif", "/a\r\nb/s1.tif", '/"a", b/s1.tif']
    entries = tuple(Entry(f"p{k}", None, {"s1": File(path, k)}) for k, path in enumerate(paths))
    write_manifest(Manifest(entries), tmp_path / "m.csv")
    assert pd.read_csv(tmp_path / "m.csv", skiprows=1)["s1"].tolist() == paths


def test_id_of_no_patch_has_no_official_name(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="'a' is not the id of a patch of SEN12MS"):
        write_manifest(Manifest((Entry("a"),)), tmp_path / "m.txt")


def test_difference_of_two_manifests(cat: Catalog) -> None:
    fall, winter = cat.select(season="fall").manifest(), cat.select(season="winter").manifest()
    both = cat.select(season=["fall", "winter"]).manifest()
    assert not diff(fall, fall)
    found = diff(fall, both)
    assert (found.removed, set(found.added)) == ((), set(winter.ids))
    assert found.made == ("filter", "sql")
    first = fall.entries[0]
    files = {**first.files, "s1": first.files["s1"]._replace(bytes=5)}
    changed = (replace(first, split="val", files=files), *fall.entries[1:])
    found = diff(fall, Manifest(changed, fall.made))
    assert (found.moved, found.resized, found.added) == ((first.id,), (first.id,), ())
    assert diff(fall, Manifest(tuple(reversed(fall.entries)), fall.made)).removed == ()


def test_patch_that_the_catalog_does_not_have_is_named(cat: Catalog) -> None:
    lost = Manifest((Entry("ROIs1158_spring_1_p9999"), Entry("ROIs1158_spring_2_p1")))
    message = r"no patch 'ROIs1158_spring_1_p9999' in .*catalog, nor 1 others"
    with pytest.raises(FilterError, match=message):
        load(lost, cat)


def test_part_that_a_manifest_does_not_have_is_refused(cat: Catalog) -> None:
    with pytest.raises(FilterError, match="no part 'tain': did you mean train"):
        load(cat.select().manifest(), cat, split="tain")


def test_folder_that_is_not_there_is_refused(cat: Catalog, tmp_path: Path) -> None:
    with pytest.raises(CatalogNotFoundError, match="there is no folder"):
        verify(cat.select().manifest(), tmp_path / "nothing")


@pytest.mark.parametrize("ending", ["", ".xlsx", ".tif"])
def test_other_formats_are_refused(cat: Catalog, tmp_path: Path, ending: str) -> None:
    with pytest.raises(ManifestError, match=r"manifest: use .parquet, .csv, .json, .txt or .pkl"):
        cat.select().save(tmp_path / f"m{ending}")


def test_manifest_that_cannot_be_written_is_one_sentence(cat: Catalog, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: there is no folder"):
        cat.select(season="fall").save(tmp_path / "nothing" / "m.csv")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.json", b"{}", "is neither a manifest nor a list of patches"),
        ("m.json", b'{"manifest": 2, "entries": []}', "is a manifest of another version"),
        ("m.json", b'{"manifest": 1}', "has no list of entries"),
        ("m.json", b'{"manifest": 1, "entries": [5]}', "has no list of entries"),
        ("m.json", b'{"manifest": 1, "entries": [{"id": "a"}]}', "has the columns id, and not"),
        ("m.json", b"[1, 2]", "line 1: '1' is not a patch"),
        ("m.csv", b'# {"manifest": 1}\nid,split\na,b\n', "has the columns id, split, and not id"),
        ("m.csv", b'# {"manifest": 1}\n', "has the columns , and not id"),
        ("m.csv", b'# {"manif', "is not a valid manifest: "),
        ("m.parquet", b"PAR1", "is not a valid manifest"),
    ],
)
def test_file_that_is_no_manifest_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ManifestError, match=rf"m\.\w+.*{message}"):
        read_list(tmp_path / name)


def test_part_of_a_list_without_parts_is_refused(cat: Catalog, tmp_path: Path) -> None:
    cat.select(season="fall").save(tmp_path / "all.txt")
    with pytest.raises(FilterError, match="no part 'train': the list has no parts, only patches"):
        load(tmp_path / "all.txt", cat, split="train")
