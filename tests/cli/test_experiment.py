"""The commands of a study, as somebody would type them."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from catalog import Catalog
    from tests.cli.conftest import Run
    from tests.conftest import Golden, Small


def test_split_prints_its_parts(run: Run, small: Small, golden: Golden) -> None:
    result = run("split", small.out, "--fractions", "train=0.6,val=0.4", "--stratify", "season")
    assert result.code == 0, result.err
    golden.check("cli/split.txt", result.out)
    assert result.err == "5 groups had to stay together, the largest of 18 patches\n"


def test_split_writes_one_manifest_that_passes_the_audit(
    run: Run, small: Small, tmp_path: Path
) -> None:
    path = tmp_path / "split.parquet"
    assert run("split", small.out, "--fractions", "a=0.5,b=0.5", "-o", path).code == 0
    result = run("leakage", small.out, f"{path}:a", f"{path}:b")
    assert (result.code, result.out) == (0, "")
    assert "0 are in A too, 0 more overlap one of A, 0 more touch one." in result.err


def test_split_writes_a_list_a_part(run: Run, small: Small, tmp_path: Path) -> None:
    result = run("split", small.out, "--fractions", "a=0.5,b=0.5", "-o", tmp_path / "{part}.txt")
    assert result.code == 0
    names = [line for part in "ab" for line in (tmp_path / f"{part}.txt").read_text().split()]
    assert len(set(names)) == 54
    assert all("_s2_" in name for name in names)


def test_folds_are_written_one_by_one(run: Run, small: Small, tmp_path: Path) -> None:
    result = run("split", small.out, "--folds", 3, "-o", tmp_path / "{fold}-{part}.csv")
    assert result.code == 0
    assert len(list(tmp_path.glob("*-val.csv"))) == 3
    result = run("split", small.out, "--folds", 3, "-o", tmp_path / "x.csv")
    assert result.code == 2
    assert "-o needs {fold} in its name" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "all.txt"), "a list does not tell the parts apart, write {part} in its name"),
        (("-o", "all.pkl"), "a list does not tell the parts apart"),
        (("-o", "{prt}.txt"), "{prt} is not known, write {part}"),
        (("-o", "{fold}-{part}.txt"), "{fold} is not known, write {part}"),
        (("--folds", 3, "-o", "{fold}.txt"), "a list does not tell the parts apart"),
        (("--folds", 3, "--official"), "--folds and --official cannot be combined"),
    ],
)
def test_output_that_would_mix_the_parts_is_refused(
    run: Run,
    small: Small,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[object, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("split", small.out, *arguments)
    assert result.code == 2
    assert message in " ".join(result.err.split())
    assert list(tmp_path.iterdir()) == []


def test_official_split_needs_both_parts(run: Run, small: Small) -> None:
    result = run("split", small.out, "--official")
    assert result.code == 1
    assert result.err.startswith("Error: 'test' stays empty")


def test_leakage_exits_with_1(run: Run, small: Small, cat: Catalog, tmp_path: Path) -> None:
    for season in ("fall", "winter"):
        cat.select(season=season).save(tmp_path / f"{season}.txt")
    lists = (tmp_path / "fall.txt", tmp_path / "winter.txt")
    table = run("leakage", small.out, *lists)
    assert table.code == 1
    assert "ROIs1970_fall_126  ROIs2017_winter_123" in table.out
    pairs = list(
        csv.DictReader(run("leakage", small.out, *lists, "--format", "csv").out.splitlines())
    )
    assert {"a", "b", "overlap_m2", "distance_m"} == set(pairs[0])
    summary = json.loads(run("leakage", small.out, *lists, "--format", "json").out)
    assert summary["overlapping"] == len({pair["b"] for pair in pairs}) > 0
    assert summary["scenes"][0]["a"] == "ROIs1970_fall_126"


def test_leakage_knows_the_official_parts(run: Run, small: Small, cat: Catalog) -> None:
    result = run("leakage", small.out, "train", "train", "--buffer-km", 5)
    assert result.code == 1
    assert "Of 54 patches of B, 54 are in A too, 0 more overlap one of A, 0 more lie within" in (
        result.err
    )
    assert len(cat.select(split="test")) == 0
    result = run("leakage", small.out, "train", "test")
    assert result.code == 1
    assert result.err == "Error: the second list is empty: there is nothing to compare\n"


@pytest.mark.parametrize("format_", ["csv", "json", "geojson", "parquet"])
def test_leakage_reads_what_select_writes(
    run: Run, small: Small, tmp_path: Path, format_: str
) -> None:
    path = tmp_path / f"fall.{format_}"
    chosen = run("select", small.out, "--season", "fall", "--format", format_, "-o", path)
    assert chosen.code == 0, chosen.err
    result = run("leakage", small.out, path, path)
    assert result.code == 1
    assert "Of 9 patches of B, 9 are in A too" in result.err


def test_part_of_a_list_is_refused(run: Run, small: Small, cat: Catalog, tmp_path: Path) -> None:
    cat.select().save(tmp_path / "all.txt")
    result = run("leakage", small.out, f"{tmp_path}/all.txt:train", "train")
    assert result.code == 1
    assert result.err == ("Error: there is no part 'train': the list has no parts, only patches\n")


def test_leakage_draws_a_map(run: Run, small: Small, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is an optional extra")
    result = run("leakage", small.out, "train", "train", "--map", tmp_path / "map.png")
    assert result.code == 1
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


def test_sample_tells_what_is_short(run: Run, small: Small, golden: Golden, tmp_path: Path) -> None:
    result = run(
        "sample", small.out, "-n", 60, "--stratify", "season", "--balance", "equal",
        "-o", tmp_path / "s.csv",
    )  # fmt: skip
    assert result.code == 0
    golden.check("cli/sample.txt", result.out)
    assert "fewer patches than asked for: fall has 9 of 15, spring has 9 of 15" in result.err


def test_sample_takes_weights(run: Run, small: Small) -> None:
    result = run(
        "sample", small.out, "-n", 12, "--stratify", "season", "--balance", "winter=3,fall=1"
    )
    assert result.code == 0
    assert [line.split()[-1] for line in result.out.splitlines()[1:]] == ["3", "9"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-n", "5", "--balance", "even"), "'even' is not NAME=NUMBER: write equal, proportional"),
        (("-n", "0"), "n=0.0 is not a valid size"),
        (("-n", "5", "--stratify", "seasons"), "'seasons': did you mean season"),
        ((), "Missing option '-n'"),
    ],
)
def test_nonsense_is_one_sentence(
    run: Run, small: Small, arguments: tuple[str, ...], message: str
) -> None:
    result = run("sample", small.out, *arguments)
    assert result.code in (1, 2)
    assert message in " ".join(result.err.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("sample", "OUT", "-n", 5, "-o", "x.xlsx"), "x.xlsx has no ending of a manifest"),
        (("split", "OUT", "-o", "{part}.xlsx"), "{part}.xlsx has no ending of a manifest"),
        (("split", "OUT", "--fractions", "a=0.8,a=0.2"), "'a' is given twice"),
        (("split", "OUT", "--fractions", "0.8"), "'0.8' is not NAME=NUMBER: write train=0.8"),
        (("split", "OUT", "--buffer-km", -1), "-1.0 is not in the range 0<=x<=1000"),
        (("leakage", "OUT", "train", "test", "--buffer-km", "x"), "'x' is not a valid number"),
        (("plot", "OUT", "-o", "x.png", "--tiles", "many"), "'many' is not a valid integer."),
    ],
)
def test_options_are_checked_before_anything_is_done(
    run: Run, small: Small, words: tuple[object, ...], message: str
) -> None:
    result = run(*(small.out if word == "OUT" else word for word in words))
    assert (result.code in (1, 2), result.out) == (True, "")
    assert message in " ".join(result.err.split())


def test_part_of_a_manifest_is_loaded_by_its_name(run: Run, small: Small, tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    run("split", small.out, "--fractions", "a=0.5,b=0.5", "-o", path)
    load = ("manifest", "load")
    named = run(*load, f"{path}:a", small.out, "--format", "ids")
    assert named == run(*load, path, small.out, "--part", "a", "--format", "ids")
    assert 0 < len(named.out.splitlines()) < 54
    assert "there is no part 'c'" in run(*load, f"{path}:c", small.out).err


def test_manifest_goes_round(run: Run, small: Small, tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    saved = run("manifest", "save", small.out, "--season", "fall", "-o", path)
    assert saved.code == 0
    assert "9 patches, 22,449,528 bytes" in saved.err
    assert run("manifest", "verify", path, small.out).code == 0
    assert run("manifest", "verify", path, small.root).err == "all files are there\n"
    assert run("manifest", "diff", path, path).err == "they are equal\n"
    shown = json.loads(run("manifest", "show", path).out)
    assert (shown["patches"], shown["filter"]) == (9, {"season": ["fall"]})
    loaded = run("manifest", "load", path, small.out, "--format", "paths").out.split()
    assert len(loaded) == 27


def test_manifest_that_does_not_fit_exits_with_1(
    run: Run, small: Small, cat: Catalog, tmp_path: Path
) -> None:
    cat.select(season="fall").save(tmp_path / "fall.csv")
    cat.select(season="winter").save(tmp_path / "winter.csv")
    result = run("manifest", "verify", tmp_path / "fall.csv", tmp_path)
    assert result.code == 1
    assert result.out.splitlines()[0] == "ROIs1970_fall_126_p159 is missing"
    result = run("manifest", "diff", tmp_path / "fall.csv", tmp_path / "winter.csv")
    assert (result.code, result.err) == (1, "they differ\n")
    assert "removed ROIs1970_fall_126_p159" in result.out
    assert "added ROIs2017_winter_112_p381" in result.out


def test_manifest_that_was_cut_off_is_one_sentence(
    run: Run, small: Small, cat: Catalog, tmp_path: Path
) -> None:
    path = tmp_path / "fall.csv"
    cat.select(season="fall").save(path)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-4]))
    said = f"Error: {path} was cut off or changed: it records 9 patches and holds 5; get it again\n"
    for arguments in (
        ("load", path, small.out),
        ("show", path),
        ("verify", path, small.out),
        ("verify", path, small.root),
        ("diff", path, path),
    ):
        result = run("manifest", *arguments)
        assert (result.code, result.out, result.err) == (1, "", said)


@pytest.mark.parametrize("ending", ["pdf", "svg"])
def test_plot_writes_what_the_ending_says(
    run: Run, small: Small, tmp_path: Path, ending: str
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is an optional extra")
    path = tmp_path / f"p.{ending}"
    assert run("plot", small.out, "--tiles", 0, "-o", path).code == 0
    assert path.read_bytes().startswith({"pdf": b"%PDF", "svg": b"<?xml"}[ending])


def test_plot_says_what_it_could_not_show(run: Run, small: Small, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is an optional extra")
    result = run("plot", small.out, "-o", tmp_path / "p.gif")
    assert result.code == 1
    assert result.err == (
        f"Error: {tmp_path}/p.gif has no ending of a picture: use .png, .pdf, .svg\n"
    )
    nothing = run("plot", small.out, "--where", "false", "-o", tmp_path / "p.png")
    assert nothing.err == f"No patch passes the filters: where=false.\n{tmp_path}/p.png\n"
    moved = run("plot", small.out, "--root", tmp_path, "--tiles", 3, "-o", tmp_path / "p.png")
    assert moved.code == 0
    assert moved.err == (
        "Warning: 3 of 3 sample patches have missing or unreadable files, which are drawn grey; "
        f"if the dataset was moved, name its root\n{tmp_path}/p.png\n"
    )


def test_plot_writes_a_picture(run: Run, small: Small, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is an optional extra")
    result = run("plot", small.out, "--season", "fall", "--tiles", 2, "-o", tmp_path / "p.png")
    assert result.code == 0, result.err
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
