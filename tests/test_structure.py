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
    "Published",
    "QueryError",
    "RegionError",
    "Rejected",
    "Report",
    "Selection",
    "ShortageWarning",
    "StoreError",
    "StoreOptions",
    "index",
    "publish",
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


# Where SQL is written

COMPOSING = {
    *("conditions.py", "generated.py", "question.py", "paging.py"),
    *("cql2.py", "cql2_space.py", "cql2_time.py"),
}
"""The modules of `query` that put SQL together; all else asks statements of files."""
_CLAUSE = re.compile(r"\b(SELECT|WHERE|JOIN|UNION|ATTACH|CREATE|COPY|SET VARIABLE)\b|\bIN \(")


def formatted_sql(source: str) -> list[str]:
    """F-strings of a module that hold a clause of SQL."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.JoinedStr)
        and any(isinstance(p, ast.Constant) and _CLAUSE.search(str(p.value)) for p in node.values)
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_question_puts_sql_together(path: Path) -> None:
    found = formatted_sql(path.read_text(encoding="utf-8"))
    assert path.name in COMPOSING or not found


def test_sql_that_is_put_together_is_recognised() -> None:
    assert formatted_sql("q = f'SELECT {x} FROM patches'")
    assert not formatted_sql("q = f'Select {x} from a list'")


def test_every_statement_is_asked_by_somebody() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    for folder in ("build", "queries"):
        for path in (ROOT / "sql" / folder).glob("*.sql"):
            assert f'"{folder}/{path.stem}"' in sources or f'"{path.stem}"' in sources, path


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
    assert "sen12ms = catalog.cli:command_line" in entries.read_text()
