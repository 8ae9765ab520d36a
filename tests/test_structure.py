"""What holds for the project as a whole: public names, no SQL in Python, what the wheel holds."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import catalog
from catalog import errors
from catalog.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Small

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "catalog").rglob("*.py"))
MOST_LINES = 400

PUBLIC = [
    "Catalog",
    "CatalogError",
    "CatalogNotFoundError",
    "Extraction",
    "FileError",
    "FilterError",
    "ManifestError",
    "MissingExtraError",
    "OutputError",
    "QueryError",
    "RegionError",
    "Rejected",
    "Report",
    "Selection",
    "ShortageWarning",
    "index",
]


# Public names


def test_public_names_are_these() -> None:
    assert catalog.__all__ == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_is_documented(name: str) -> None:
    assert inspect.getdoc(getattr(catalog, name))


def members() -> list[tuple[str, str]]:
    classes = [name for name in PUBLIC if inspect.isclass(getattr(catalog, name))]
    return [
        (name, member)
        for name in classes
        for member, value in vars(getattr(catalog, name)).items()
        if not member.startswith("_") and (callable(value) or not isinstance(value, (str, int)))
    ]


@pytest.mark.parametrize(("name", "member"), members(), ids=".".join)
def test_public_member_is_documented(name: str, member: str) -> None:
    """By a docstring, or by a string below a dataclass field."""
    owner = getattr(catalog, name)
    value = inspect.getattr_static(owner, member)
    if inspect.ismemberdescriptor(value) or member in getattr(owner, "__dataclass_fields__", ()):
        tree = ast.parse(inspect.getsource(owner)).body[0]
        assert isinstance(tree, ast.ClassDef)
        following = {
            getattr(field.target, "id", None): text
            for field, text in zip(tree.body, tree.body[1:], strict=False)
            if isinstance(field, ast.AnnAssign)
        }
        assert isinstance(following[member], ast.Expr)
    else:
        assert inspect.getdoc(getattr(value, "func", value))


# Errors


def error_classes() -> dict[str, type[CatalogError]]:
    return {
        name: value
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, CatalogError)
    }


def test_error_tree_is_drawn_as_it_is() -> None:
    drawn = dict(re.findall(r"[├└]── (\w+) +\((\w+)\)", errors.__doc__ or ""))
    defined = {
        name: value.__bases__[-1].__name__
        for name, value in error_classes().items()
        if value is not CatalogError
    }
    assert drawn == defined


@pytest.mark.parametrize("name", sorted(error_classes()))
def test_error_is_documented_and_the_builtin_that_it_resembles(name: str) -> None:
    error = error_classes()[name]
    assert name == "CatalogError" or error.__bases__[-1].__module__ == "builtins"
    assert inspect.getdoc(error)


# No SQL in Python

ASKING = {"execute", "executemany", "sql", "from_query"}
"""Methods of DuckDB that take a statement."""
NARROWING = {"filter", "order", "aggregate", "query", "join"}
"""Methods of DuckDB that take a part of one; others have methods of the same names."""
ALLOWED = {
    "ask": {"query"},
    "choose": {"question.where"},
    "_define": {"text"},
    "sql": {"text"},
    "demo": {"query"},
}
"""By function: what else than `statement(…)` may be asked: SQL of the user, and all of a folder."""

_STATEMENT = re.compile(
    r"\s*(?:SELECT\b|INSERT\s+INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b|MERGE\s+INTO\b"
    r"|CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMP\w*\s+)?(?:TABLE|VIEW|MACRO|SCHEMA|INDEX|SECRET)\b"
    r"|DROP\s+(?:TABLE|VIEW|MACRO|SCHEMA)\b|ALTER\s+TABLE\b|COPY\s+[\w(]|EXPORT\s+DATABASE\b"
    r"|ATTACH\s+['\w]|DETACH\s+\w|USE\s+\w+\s*;?\s*$|SET\s+(?:VARIABLE|GLOBAL|SESSION)\b"
    r"|SET\s+\w+\s*=|LOAD\s+['\w]|INSTALL\s+\w|PRAGMA\s+\w|FROM\s+\w+|WITH\s+\w+\s+AS\s*\(|CALL\s+\w+\("
    r"|DESCRIBE\s+\w|SUMMARIZE\s+\w|PIVOT\s+\w|VALUES\s*\()"
)
_ANY_CASE = re.compile(
    r"(?is)\s*(?:select\b.+\bfrom\b|insert\s+into\b|create\s+(?:or\s+replace\s+)?(?:table|view|macro)\b"
    r"|drop\s+(?:table|view)\b|copy\b.+\bto\b\s*'|attach\s+'|set\s+variable\b|pragma\s+\w)"
)


def texts(tree: ast.AST) -> Iterator[str]:
    """String constants and f-strings, with an x for what stands in the braces."""
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
             for part in node.values}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values
            )


def docstrings(tree: ast.AST) -> set[str]:
    """Strings that stand alone: docstrings of modules, classes, functions, fields."""
    return {
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }


def asked(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """What is handed to DuckDB, and the function that does it."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            literal = node.args and isinstance(node.args[0], (ast.Constant, ast.JoinedStr))
            if node.args and node.func.attr in (ASKING | NARROWING if literal else ASKING):
                yield function.name, node.args[0]


def sql_in(source: str) -> list[str]:
    """SQL that a module builds or asks other than by `statement`."""
    tree = ast.parse(source)
    said = docstrings(tree)
    found = [
        text
        for text in texts(tree)
        if text not in said and (_STATEMENT.match(text) or _ANY_CASE.match(text))
    ]
    return found + [
        f"{function}: {ast.unparse(argument)}"
        for function, argument in asked(tree)
        if ast.unparse(argument) not in ALLOWED.get(function, ())
        and not ast.unparse(argument).startswith("statement(")
    ]


def test_sources_are_found() -> None:
    assert len(SOURCES) > 30


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_sql_is_written_in_python(path: Path) -> None:
    assert sql_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "code",
    [
        "q = 'SELECT 1'",
        "q = '\\n  SELECT id FROM patches'",
        "q = f'SELECT {x} FROM patches'",
        "q = 'select id from ' + name",
        "q = f'COPY ({x}) TO {y}'",
        "q = f\"SET VARIABLE items = '{x}'\"",
        "q = 'SET threads = 4'",
        "q = 'INSTALL spatial'",
        "q = 'LOAD spatial'",
        "q = f\"ATTACH '{x}'\"",
        "q = 'CREATE OR REPLACE VIEW x AS'",
        "q = 'FROM patches'",
        "q = 'WITH x AS (' + y",
        "q = 'PRAGMA threads'",
        "q = ['DROP TABLE x']",
        "def f(c):\n    c.execute('anything')",
        "def f(c, q):\n    c.sql(q)",
        "def f(c, w):\n    c.sql(f'{w}')",
        "def f(c):\n    c.filter('patch > 3')",
        "def f(c):\n    c.execute(text.format(x=1))",
    ],
)
def test_sql_in_python_is_recognised(code: str) -> None:
    assert sql_in(code)


@pytest.mark.parametrize(
    "code",
    [
        '"""SELECT is a word."""',
        "x: int\n'''FROM patches: a field's docstring.'''",
        "q = 'try FROM scenes'",
        "q = f'{x} FROM a bare table'",
        "q = 'Select patches by region.'",
        "q = 'Set up the demo'",
        "q = 'From Earth'",
        "def f(c):\n    c.execute(statement('queries/ids')).fetchall()",
        "def f(c):\n    c.sql(statement(f'queries/{x}'), params={})",
        "def ask(c, query):\n    c.sql(query)",
    ],
)
def test_words_of_sql_in_prose_are_not_sql(code: str) -> None:
    assert sql_in(code) == []


def test_sql_files_are_read_in_one_place_only() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if any(
            text.endswith(".sql") and text not in docstrings(ast.parse(path.read_text()))
            for text in texts(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]
    users_own = "catalog/cli/sql.py"
    assert set(readers) - {users_own} == {"catalog/query/statements.py"}


def test_every_statement_is_asked_by_somebody() -> None:
    """By its name, or by the part of its name that an f-string spells out."""
    patterns = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and getattr(node.func, "id", "") != "print":
                patterns += [_pattern(node.args[0])]
    for folder in ("build", "queries"):
        for path in sorted((ROOT / "sql" / folder).glob("*.sql")):
            name = f"{folder}/{path.stem}"
            assert any(re.fullmatch(pattern, name) for pattern in patterns if pattern), name


def _pattern(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = (
            re.escape(part.value) if isinstance(part, ast.Constant) else r"\w+"
            for part in node.values
        )
        return (
            "".join(map(str, parts))
            if any(isinstance(p, ast.Constant) for p in node.values)
            else ""
        )
    return ""


# Files


def test_tests_are_no_package() -> None:
    """Or pytest would test the checkout in place of what is installed."""
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_no_python_file_lies_among_the_sql() -> None:
    assert list((ROOT / "sql").rglob("*.py")) == []


def texts_of_the_project() -> list[Path]:
    folders = ("catalog", "sql", "tests")
    return [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".sql"}
    ]


@pytest.mark.parametrize("path", texts_of_the_project(), ids=lambda p: str(p.relative_to(ROOT)))
def test_file_is_short_enough_to_read(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES


# The wheel


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="the wheel is built with hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def unpacked(wheel: Path) -> Path:
    folder = wheel.parent / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def below(folder: Path, *patterns: str) -> set[str]:
    found = (path for pattern in patterns for path in folder.rglob(pattern) if path.is_file())
    return {str(path.relative_to(folder)) for path in found}


@pytest.mark.slow
def test_wheel_holds_the_package_its_sql_and_its_data_and_nothing_else(unpacked: Path) -> None:
    tops = {path.name for path in unpacked.iterdir()}
    assert {name for name in tops if not name.endswith(".dist-info")} == {"catalog"}
    assert below(unpacked / "catalog" / "sql", "*.sql") == below(ROOT / "sql", "*.sql")
    assert below(unpacked / "catalog", "*.py") == below(ROOT / "catalog", "*.py")
    data = below(ROOT / "catalog" / "datasets", "*.csv", "*.toml", "*.txt")
    assert len(data) >= 3
    assert data <= below(unpacked / "catalog" / "datasets", "*")
    assert not below(unpacked, "test_*", "conftest.py", "*.pyc")


@pytest.mark.slow
def test_wheel_answers_questions(unpacked: Path, small: Small) -> None:
    script = (
        "import sys, catalog; from pathlib import Path; cat = catalog.Catalog.open(sys.argv[1]);"
        "print(Path(catalog.__file__).parent.parent, len(cat.select(region='Italy')))"
    )
    for source in (small.out, small.out / "items.parquet"):
        answer = subprocess.run(
            [sys.executable, "-c", script, str(source)],
            check=True,
            capture_output=True,
            text=True,
            cwd=unpacked.parent,
            env={"PYTHONPATH": str(unpacked)},
        )
        assert answer.stdout == f"{unpacked} 9\n"


@pytest.mark.slow
def test_wheel_has_the_command(unpacked: Path) -> None:
    (entries,) = unpacked.glob("*.dist-info/entry_points.txt")
    assert "sen12ms = catalog.cli:main" in entries.read_text()
