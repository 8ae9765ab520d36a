"""Every SQL file is one statement, and its first lines say what it gives and what it is given."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from catalog.datasets import SEN12MS
from catalog.query.generated import generated
from catalog.query.statements import sql_folder, statement, statement_names

FOLDER = Path(str(sql_folder()))
FILES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*/*") if path.is_file())
NAMES = [name.removesuffix(".sql") for name in FILES]
FOLDERS = {"build", "examples", "functions", "macros", "queries", "views"}

_MACRO = re.compile(r"^CREATE OR REPLACE MACRO (\w+)\(([^)]*)\) AS( TABLE)?$", re.MULTILINE)
_VIEW = re.compile(r"^CREATE OR REPLACE VIEW (\w+) AS$", re.MULTILINE)
_DESCRIBED = re.compile(r"(?:^-- |; )([a-z0-9_]+(?:, [a-z0-9_]+)*): ", re.MULTILINE)


def header(name: str) -> str:
    """The comment before the statement."""
    lines = statement(name).splitlines()
    code = next(index for index, line in enumerate(lines) if not line.startswith("--"))
    return "\n".join(lines[:code])


def parsable(name: str) -> str:
    """The statement with values in the places of its parameters."""
    return re.sub(r"\$\w+", "['x']", statement(name))


def macro(name: str) -> tuple[str, list[str]]:
    """Name and arguments of the macro that a file defines."""
    found = _MACRO.search(statement(name))
    assert found, "a macro starts with CREATE OR REPLACE MACRO name(arguments) AS"
    return found[1], [argument for argument in found[2].split(", ") if argument]


def test_folders_hold_nothing_but_sql() -> None:
    assert [name for name in FILES if not name.endswith(".sql")] == []
    assert {name.split("/")[0] for name in FILES} == FOLDERS
    assert {name.count("/") for name in FILES} == {1}
    assert not list(FOLDER.glob("*.sql")), "every statement is in a folder"


@pytest.mark.parametrize("name", NAMES)
def test_file_name_is_snake_case(name: str) -> None:
    pattern = r"\d\d_[a-z][a-z0-9_]*" if name.startswith("views/") else r"[a-z][a-z0-9_]*"
    assert re.fullmatch(pattern, name.split("/")[1])


@pytest.mark.parametrize("name", NAMES)
def test_first_line_sums_it_up_and_is_its_own(name: str) -> None:
    first = statement(name).splitlines()[0]
    assert re.fullmatch(r"-- [A-Z].*\w\.", first) or statement(name).splitlines()[1].endswith(".")
    assert [other for other in NAMES if statement(other).startswith(f"{first}\n")] == [name]


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("build/")])
def test_file_is_exactly_one_statement(name: str) -> None:
    text = parsable(name)
    assert len(duckdb.extract_statements(text)) == 1
    assert not text.rstrip().endswith(";")


@pytest.mark.parametrize("name", NAMES)
def test_header_names_exactly_the_parameters(name: str) -> None:
    text = statement(name)
    said = set(re.findall(r"\$(\w+)", header(name)))
    assert said == set(re.findall(r"\$(\w+)", text.removeprefix(header(name))))
    assert text.endswith("\n")


@pytest.mark.parametrize("name", [name for name in NAMES if re.match("functions/|macros/", name)])
def test_header_names_exactly_the_arguments_of_a_macro_in_order(name: str) -> None:
    defined, arguments = macro(name)
    assert defined == name.split("/")[1], "the file is named after the macro"
    said = [word for words in _DESCRIBED.findall(header(name)) for word in words.split(", ")]
    assert said == arguments


@pytest.mark.parametrize("name", [name for name in NAMES if re.match("functions/|macros/", name)])
def test_functions_are_scalar_and_macros_are_tables(name: str) -> None:
    found = _MACRO.search(statement(name))
    assert found
    assert bool(found[3]) == name.startswith("macros/")


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("views/")])
def test_file_is_named_after_its_view(name: str) -> None:
    found = _VIEW.search(statement(name))
    assert found
    assert found[1] == name.split("/")[1][3:]


def test_statements_of_a_folder_come_in_the_order_of_their_names() -> None:
    for folder in FOLDERS:
        assert list(statement_names(folder)) == [n for n in NAMES if n.startswith(f"{folder}/")]


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("build/")])
def test_only_building_changes_anything(name: str) -> None:
    (parsed,) = duckdb.extract_statements(parsable(name))
    asks = parsed.type == duckdb.StatementType.SELECT
    assert asks == name.startswith(("queries/", "examples/"))


def test_statements_that_follow_from_the_definition_are_those_of_the_files(
    request: pytest.FixtureRequest,
) -> None:
    for name, text in generated(SEN12MS).items():
        path = FOLDER / f"{name}.sql"
        if request.config.getoption("--update-golden"):
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text


def test_start_file_of_the_shell_reads_all_definitions_in_order() -> None:
    text = (FOLDER / "duckdbrc").read_text(encoding="utf-8")
    read = re.findall(r"^\.read sql/(.*)\.sql\n;$", text, re.MULTILINE)
    folders = ("functions", "views", "macros")
    assert read == [name for folder in folders for name in NAMES if name.startswith(f"{folder}/")]
    assert text.count(".read") == len(read)
