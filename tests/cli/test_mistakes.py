"""A mistake in any argument of any command is answered with one clear sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
import pytest

from catalog.cli import sen12ms

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run
    from tests.conftest import Golden, Small

SELECT, SQL, INDEX = ("select", "OUT"), ("sql", "OUT"), ("index", "ROOT", "-o", "FOLDER/new")
MISTAKES: dict[str, tuple[int, tuple[str, ...], str]] = {
    "command": (2, ("slect", "OUT"), "select"),
    "option": (2, ("--vresion",), "--version"),
    # demo
    "demo-folder-missing": (2, ("demo",), "DIR"),
    "demo-folder-is-a-file": (1, ("demo", "FOLDER/file.txt"), "FOLDER/file.txt"),
    "demo-folder-is-not-empty": (1, ("demo", "FOLDER"), "FOLDER is not empty"),
    # index
    "demo-name-unknown": (2, ("demo", "FOLDER/new", "--dataset", "sen1"), "sen1"),
    "index-alternate-no-web": (1, (*INDEX, "--alternate", "s3://b/SEN12MS"), "s3://b/SEN12MS"),
    "index-root-missing": (2, ("index", "-o", "FOLDER/new"), "ROOT"),
    "index-root-unknown": (1, ("index", "FOLDER/nope", "-o", "FOLDER/new"), "FOLDER/nope"),
    "index-root-is-a-file": (1, ("index", "FOLDER/file.txt", "-o", "FOLDER/new"), "file.txt"),
    "index-root-empty-text": (1, ("index", "", "-o", "FOLDER/new"), "ROOT"),
    "index-root-without-files": (1, ("index", "FOLDER/empty", "-o", "FOLDER/new"), "no file"),
    "index-one-root-unknown": (1, (*INDEX, "FOLDER/nope"), "FOLDER/nope"),
    "index-out-missing": (2, ("index", "ROOT"), "--out"),
    "index-out-empty-text": (2, ("index", "ROOT", "-o", ""), "-o is empty"),
    "index-out-is-a-file": (1, ("index", "ROOT", "-o", "FOLDER/file.txt"), "file.txt"),
    "index-out-below-a-file": (1, ("index", "ROOT", "-o", "FOLDER/file.txt/new"), "file.txt"),
    "index-out-is-not-empty": (1, ("index", "ROOT", "-o", "FOLDER"), "no part of a catalog"),
    "index-out-is-the-root": (1, ("index", "ROOT", "-o", "ROOT"), "dataset"),
    "index-dataset-unknown": (2, (*INDEX, "--dataset", "sen1"), "sen1"),
    "index-land-cover-from-nothing": (
        1,
        (*INDEX, "--land-cover-from", "FOLDER/nope"),
        "has land cover of its own",
    ),
    "index-cloud-cover-of-sen12ms": (1, (*INDEX, "--cloud-cover", "nope.csv"), "no cloudy images"),
    "index-url-without-a-bucket": (1, ("index", "s3://", "-o", "FOLDER/new"), "s3://BUCKET"),
    "index-endpoint-is-not-a-url": (2, (*INDEX, "--endpoint", "host"), "https://HOST"),
    "publish-out-unknown": (1, ("publish", "FOLDER/nope", "s3://b/x"), "nope"),
    "publish-url-missing": (2, ("publish", "OUT"), "URL"),
    "publish-url-of-a-web-server": (1, ("publish", "OUT", "https://host/x"), "s3://BUCKET"),
    "publish-url-of-a-folder": (1, ("publish", "OUT", "FOLDER/new"), "s3://BUCKET"),
    "publish-endpoint-is-not-a-url": (
        2,
        ("publish", "OUT", "s3://b/x", "--endpoint", "host"),
        "https://HOST",
    ),
    "index-cluster-nonsense": (1, (*INDEX, "--cluster", "nonsense://x"), "no Dask scheduler"),
    "index-items-unknown": (2, (*INDEX, "--items", "some"), "some"),
    "index-items-none-with-previews": (1, (*INDEX, "--items", "none", "--previews"), "files"),
    "index-partition-unknown": (2, (*INDEX, "--partition", "split"), "split"),
    "index-workers-none": (2, (*INDEX, "--workers", "0"), "0"),
    "index-workers-text": (2, (*INDEX, "--workers", "many"), "many"),
    "index-option": (2, (*INDEX, "--worker", "2"), "--workers"),
    # select
    "select-out-missing": (2, ("select",), "OUT"),
    "select-out-unknown": (1, ("select", "FOLDER/nope"), "FOLDER/nope"),
    "select-out-is-the-dataset": (1, ("select", "ROOT"), "ROOT"),
    "select-out-is-a-file": (1, ("select", "FOLDER/file.txt"), "file.txt"),
    "select-table-unknown": (1, ("select", "FOLDER/nope.parquet"), "nope.parquet"),
    "select-table-is-none": (1, ("select", "FOLDER/fake.parquet"), "fake.parquet"),
    "select-too-many": (2, (*SELECT, "Italy"), "Italy"),
    "select-option": (2, (*SELECT, "--contry", "Italy"), "--contry"),
    "select-region-misspelt": (1, (*SELECT, "--region", "Itly"), "Italy"),
    "select-region-ambiguous": (1, (*SELECT, "--region", "Georgia"), "state:Georgia"),
    "select-region-empty": (2, (*SELECT, "--region", ""), "--region is empty"),
    "select-region-box": (1, (*SELECT, "--region", "1,2,3"), "1,2,3"),
    "select-region-file": (1, (*SELECT, "--region", "FOLDER/nope.shp"), "nope.shp"),
    "select-region-no-vector": (1, (*SELECT, "--region", "FOLDER/file.txt"), "file.txt"),
    "select-region-wkt": (1, (*SELECT, "--region", "POLYGON((0 0"), "POLYGON((0 0"),
    "select-not-region": (1, (*SELECT, "--not-region", "Itly"), "Italy"),
    "select-predicate": (2, (*SELECT, "--predicate", "touches"), "touches"),
    "select-season": (2, (*SELECT, "--season", "autum"), "autum"),
    "select-local-season": (2, (*SELECT, "--local-season", "autum"), "autum"),
    "select-cover-class": (1, (*SELECT, "--cover", "forrest>=0.5"), "forest"),
    "select-cover-sign": (1, (*SELECT, "--cover", "forest!0.5"), "forest!0.5"),
    "select-bbox": (1, (*SELECT, "--bbox", "1,2,3"), "1,2,3"),
    "select-cover-share": (1, (*SELECT, "--cover", "forest>=50"), "50"),
    "select-cloud-cover": (1, (*SELECT, "--cloud-cover", "<=30"), "no cloudy images"),
    "select-cover-empty": (2, (*SELECT, "--cover", ""), "--cover is empty"),
    "select-filter": (1, (*SELECT, "--filter", "forrest > 0.5"), "forrest"),
    "select-predicate-twice": (
        2,
        (*SELECT, "--predicate", "within", "--predicate", "centroid"),
        "2 times",
    ),
    "select-split": (2, (*SELECT, "--split", "holdout"), "holdout"),
    "select-split-val": (1, (*SELECT, "--split", "val"), "val"),
    "select-sensor": (2, (*SELECT, "--sensor", "s3"), "s3"),
    "select-complete": (2, (*SELECT, "--complet"), "--complete"),
    "select-where-column": (1, (*SELECT, "--where", "forest > 0.5"), "forest"),
    "select-where-syntax": (1, (*SELECT, "--where", "season = 'fall"), "season = 'fall"),
    "select-where-value": (1, (*SELECT, "--where", "id::INT = 1"), "id::INT = 1"),
    "select-where-hostile": (1, (*SELECT, "--where", "1=1; DROP TABLE patches"), "DROP TABLE"),
    "select-format": (2, (*SELECT, "--format", "shapefile"), "shapefile"),
    "select-parquet-to-screen": (2, (*SELECT, "--format", "parquet"), "-o"),
    "select-output-folder": (2, (*SELECT, "-o", "FOLDER"), "FOLDER"),
    "select-output-in-no-folder": (1, (*SELECT, "-o", "FOLDER/nope/x.csv"), "FOLDER/nope/x.csv"),
    "select-output-below-a-file": (
        1,
        (*SELECT, "-o", "FOLDER/file.txt/x.csv"),
        "FOLDER/file.txt/x",
    ),
    "select-output-ending": (2, (*SELECT, "-o", "FOLDER/x.xlsx"), "FOLDER/x.xlsx"),
    "select-limit": (2, (*SELECT, "--limit", "0"), "0"),
    "select-ids-unknown": (1, (*SELECT, "--ids", "FOLDER/nope.txt"), "nope.txt"),
    "select-ids-of-something": (1, (*SELECT, "--ids", "FOLDER/file.txt"), "file.txt, line 1"),
    "select-parquet-in-no-folder": (
        1,
        (*SELECT, "--format", "parquet", "-o", "FOLDER/nope/x.parquet"),
        "FOLDER/nope/x.parquet",
    ),
    "select-root-of-a-table": (1, ("select", "OUT/items.parquet", "--root", "/mnt"), "root"),
    # sql
    "sql-out-missing": (2, ("sql",), "OUT"),
    "sql-query-missing": (2, SQL, "QUERY"),
    "sql-out-unknown": (1, ("sql", "FOLDER/nope", "FROM scenes"), "FOLDER/nope"),
    "sql-query-empty": (1, (*SQL, ""), "FROM scenes"),
    "sql-query-syntax": (1, (*SQL, "SELCT id FROM patches"), "SELCT"),
    "sql-query-table": (1, (*SQL, "FROM patchs"), "patches"),
    "sql-query-column": (1, (*SQL, "SELECT forest FROM patches"), "forest"),
    "sql-query-two": (1, (*SQL, "SELECT 1; SELECT 2"), "2 statements"),
    "sql-query-not-utf-8": (1, (*SQL, "SELECT '\udcff'"), "UTF-8"),
    "sql-query-command": (1, (*SQL, "DROP TABLE patches"), "is not a query"),
    "sql-timeout": (2, (*SQL, "FROM scenes", "--timeout", "0"), "0"),
    "sql-query-value": (1, (*SQL, "SELECT id::INT FROM patches"), "ROIs"),
    "sql-query-value-csv": (1, (*SQL, "SELECT id::INT FROM patches", "--format", "csv"), "ROIs"),
    "sql-query-value-json": (1, (*SQL, "SELECT id::INT FROM patches", "--format", "json"), "ROIs"),
    "sql-query-file": (2, (*SQL, "FOLDER/nope.sql"), "FOLDER/nope.sql"),
    "sql-unquoted": (2, (*SQL, "SELECT", "1"), "1"),
    "sql-format": (2, (*SQL, "FROM scenes", "--format", "xlsx"), "xlsx"),
    "sql-output-in-no-folder": (
        1,
        (*SQL, "FROM scenes", "-o", "FOLDER/nope/x.csv"),
        "FOLDER/nope/x",
    ),
    # info
    "info-out-missing": (2, ("info",), "OUT"),
    "info-out-unknown": (1, ("info", "FOLDER/nope"), "FOLDER/nope"),
    "info-option": (2, ("info", "OUT", "--jsn"), "--json"),
    # check
    "check-out-missing": (2, ("check",), "OUT"),
    "check-out-unknown": (1, ("check", "FOLDER/nope"), "FOLDER/nope"),
    "check-out-is-a-table": (1, ("check", "OUT/items.parquet"), "items.parquet"),
    "check-root-unknown": (1, ("check", "OUT", "--root", "FOLDER/nope"), "FOLDER/nope"),
    # serve
    "serve-out-missing": (2, ("serve",), "OUT"),
    "serve-out-unknown": (1, ("serve", "FOLDER/nope"), "FOLDER/nope"),
    "serve-port-text": (2, ("serve", "OUT", "--port", "http"), "http"),
    "serve-port-too-high": (2, ("serve", "OUT", "--port", "70000"), "70000"),
    "serve-host-unknown": (1, ("serve", "OUT", "--host", "no such host"), "no such host"),
    "serve-option": (2, ("serve", "OUT", "--prt", "80"), "--port"),
}
"""By name: exit code, what is typed, and what the answer must say."""

ELSEWHERE = {"archives", "extract", "leakage", "manifest", "plot", "sample", "split"}
"""Commands whose mistakes have tests of their own."""


@dataclass(frozen=True)
class Answer:
    """What a command said, with our folders named as above, and what it left behind."""

    code: int
    out: str
    err: str
    left: set[str]


Ask = Callable[[str], Answer]


@pytest.fixture(scope="module")
def asked() -> dict[str, Answer]:
    """What was asked already, since two tests want to know."""
    return {}


@pytest.fixture
def ask(
    run: Run,
    small: Small,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, Answer],
) -> Ask:
    """Make a mistake, in a folder that holds nothing of ours."""
    places = {"OUT": small.out, "ROOT": small.root, "FOLDER": tmp_path}

    def files() -> set[str]:
        paths = (path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
        return {str(path) for path in paths if path.suffix != ".lock"}

    def once(case: str) -> Answer:
        if case.startswith("serve"):
            pytest.importorskip("uvicorn", reason="the server is an extra")
        if case not in asked:
            before, words = files(), MISTAKES[case][1]
            for name, path in places.items():
                words = tuple(word.replace(name, str(path)) for word in words)
            result = run(*words)
            said = [result.out, result.err]
            for name, path in places.items():
                said = [text.replace(str(path), name) for text in said]
            asked[case] = Answer(result.code, *said, files() - before)
        return asked[case]

    (tmp_path / "file.txt").write_text("text")
    (tmp_path / "fake.parquet").write_text("no table")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    return once


@pytest.mark.parametrize("case", MISTAKES)
def test_mistake_is_answered_with_one_sentence(ask: Ask, case: str) -> None:
    code, _, word = MISTAKES[case]
    answer = ask(case)
    lines = [line for line in answer.err.splitlines() if line.strip()]
    sentence = lines[-1] if code == 2 else lines[0]
    assert answer.code == code, answer.err
    assert answer.out == ""
    assert sentence.startswith("Error: ")
    assert word in " ".join(lines)
    if code == 1 and not case.startswith("sql-query"):  # DuckDB shows where in the query
        assert len(lines) == 1
    assert answer.left == set(), "a mistake leaves nothing behind"


def test_answers_read_well(ask: Ask, golden: Golden) -> None:
    lines = []
    for case, (_, words, _) in MISTAKES.items():
        try:
            answer = ask(case)
        except Exception as error:  # noqa: BLE001 - another test says which it must be
            said = f"{type(error).__name__}"
        else:
            said = f"[{answer.code}] {answer.err.split('for help.')[-1].strip()}"
        lines += [f"$ sen12ms {' '.join(map(repr, words))}", *said.splitlines(), ""]
    golden.check("cli/mistakes.txt", "\n".join(line.rstrip() for line in lines))


OPTIONS = [
    (*words, option)
    for name in sen12ms.commands
    for words, command in (
        [((name, each), sub) for each, sub in sen12ms.commands[name].commands.items()]
        if isinstance(sen12ms.commands[name], click.Group)
        else [((name,), sen12ms.commands[name])]
    )
    for option in command.params
    if isinstance(option, click.Option) and not option.is_flag and option.default != ""
]


@pytest.mark.parametrize("words", OPTIONS, ids=lambda words: "-".join(map(str, words[:-1])))
@pytest.mark.parametrize("text", ["", " "], ids=["nothing", "space"])
def test_an_empty_option_is_refused(run: Run, words: tuple[Any, ...], text: str) -> None:
    *command, option = words
    name = option.opts[-1]
    result = (
        run(*command, name, "value", name, text) if option.multiple else run(*command, name, text)
    )
    assert result.code == 2
    assert f"{option.opts[0]} is empty: give a value, or leave it out" in result.err


def test_every_argument_of_every_command_has_a_mistake() -> None:
    """But flags, and options that any text is right for."""
    harmless = {("select", "root"), ("sql", "root"), ("serve", "root"), ("index", "href_base")}
    harmless |= {("index", "region"), ("publish", "region")}
    harmless |= {("index", "schema_url"), ("serve", "allowed"), ("serve", "root_path")}
    for name in sen12ms.commands.keys() - ELSEWHERE:
        for parameter in sen12ms.commands[name].params:
            assert parameter.name
            if getattr(parameter, "is_flag", False) and not getattr(
                parameter, "secondary_opts", ()
            ):
                continue
            word = parameter.name.rstrip("_").replace("_", "-").removesuffix("s")
            cases = [case for case in MISTAKES if case.startswith(f"{name}-{word}")]
            assert cases or (name, parameter.name) in harmless, f"{name} {parameter.name}"
