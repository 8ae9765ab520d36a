"""Manifests: written, read, verified, compared and loaded; equal subsets are equal files."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import Catalog
from catalog.errors import CatalogNotFoundError, FilterError, ManifestError, OutputError
from catalog.experiment import diff, load, read_list, verify
from catalog.store.manifest_file import Entry, Manifest, write_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Golden, Small

ENDINGS = [".parquet", ".csv", ".json"]

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1, max_size=20)
sizes = st.none() | st.integers(0, 2**50)
entries = st.builds(
    Entry,
    st.from_regex(r"ROIs1158_spring_[1-9]\d?_p[1-9]\d?", fullmatch=True),
    st.none() | texts,
    *(st.none() | texts for _ in range(3)),
    *(sizes for _ in range(3)),
)
manifests = st.builds(
    Manifest,
    st.lists(entries, max_size=8).map(tuple),
    st.fixed_dictionaries({"package": texts, "filter": st.dictionaries(texts, sizes)}),
    st.just({"season": {"spring": 3}}),
)


@pytest.mark.parametrize("ending", ENDINGS)
@given(manifest=manifests)
def test_manifest_comes_back_from_its_file(
    tmp_path_factory: pytest.TempPathFactory, manifest: Manifest, ending: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"manifest{ending}"
    write_manifest(manifest, path)
    assert read_list(path) == replace(manifest, recorded_sha256=manifest.sha256)


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
        for path, size in zip((entry.s1, entry.s2, entry.lc), entry.sizes, strict=True):
            assert os.path.getsize(path) == size
    assert manifest.bytes == sum(size for entry in manifest.entries for size in entry.sizes)


def test_digest_is_one_that_anybody_can_compute() -> None:
    manifest = Manifest((Entry("a", s1_bytes=1, s2_bytes=2, lc_bytes=3), Entry("b", lc_bytes=4)))
    assert manifest.sha256 == hashlib.sha256(b"a 1 2 3\nb - - 4\n").hexdigest()


def test_json_manifest_reads_well(golden: Golden, tmp_path: Path) -> None:
    entry = Entry(
        "ROIs1158_spring_1_p30", "train", "/d/s1.tif", "/d/s2.tif", None, 525_172, 1_706_432
    )
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
    assert tuple(table.column_names) == Entry._fields
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
    entry = manifest.entries[0]._replace(s1=None, s1_bytes=None)
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
    files = {entry.id: entry for entry in manifest.entries}

    def moved(path: str | None) -> Path:
        assert path is not None
        return folder / os.path.basename(os.path.dirname(path)) / os.path.basename(path)

    os.truncate(moved(files[one].s2), 1000)
    moved(files[two].lc).unlink()
    for path in (files[three].s1, files[three].s2, files[three].lc):
        moved(path).unlink()
    assert [(found.subject, found.problem) for found in verify(manifest, folder)] == [
        (one, "has 1,000 bytes of s2 where 1,706,432 are recorded"),
        (two, "has no lc"),
        (three, "is missing"),
    ]


def test_manifest_that_was_edited_is_found(cat: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    cat.select(season="fall").save(path)
    head, columns, _, *rest = path.read_text().splitlines(keepends=True)
    path.write_text(head + columns + "".join(rest))
    (found,) = verify(path, cat)
    assert (found.subject, found.problem) == ("the manifest", "was changed: its SHA-256 is another")


def test_difference_of_two_manifests(cat: Catalog) -> None:
    fall, winter = cat.select(season="fall").manifest(), cat.select(season="winter").manifest()
    both = cat.select(season=["fall", "winter"]).manifest()
    assert not diff(fall, fall)
    found = diff(fall, both)
    assert (found.removed, set(found.added)) == ((), set(winter.ids))
    assert found.made == ("filter", "sql")
    first = fall.entries[0]
    changed = (first._replace(split="val", s1_bytes=5), *fall.entries[1:])
    found = diff(fall, Manifest(changed, fall.made))
    assert (found.moved, found.resized, found.added) == ((first.id,), (first.id,), ())
    assert diff(fall, Manifest(tuple(reversed(fall.entries)), fall.made)).removed == ()


def test_patch_that_the_catalog_does_not_have_is_named(cat: Catalog) -> None:
    lost = Manifest((Entry("ROIs1158_spring_1_p9999"), Entry("ROIs1158_spring_2_p1")))
    message = r"no patch 'ROIs1158_spring_1_p9999' in Catalog.open\(.*\), nor 1 others"
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
    with pytest.raises(ManifestError, match=r"end it in .parquet, .csv, .json, .txt or .pkl"):
        cat.select().save(tmp_path / f"m{ending}")


def test_manifest_that_cannot_be_written_is_one_sentence(cat: Catalog, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: No such file"):
        cat.select(season="fall").save(tmp_path / "nothing" / "m.csv")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("m.json", b"{}"),
        ("m.json", b'{"manifest": 2, "sha256": "", "counts": {}, "entries": []}'),
        ("m.json", b"[1, 2]"),
        ("m.csv", b"id,split\na,b\n"),
        ("m.csv", b'# {"manifest": 1}\nid,split\na,b\n'),
        ("m.csv", b""),
        ("m.parquet", b"PAR1"),
    ],
)
def test_file_that_is_no_manifest_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ManifestError, match=r"m\.\w+ is (no manifest|of another version)"):
        read_list(tmp_path / name)


def test_table_without_our_header_is_no_manifest(small: Small) -> None:
    with pytest.raises(ManifestError, match="is no manifest"):
        read_list(small.out / "items.parquet")
