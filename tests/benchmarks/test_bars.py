"""A bar that is missed fails `make bench`, after all tables are written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = "<!-- quick: written by `make bench` -->\nold\n<!-- end of quick -->\n"
OPTION = """
def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true")
"""
MEASURES = """
def test_first(bench):
    bench.bar("first", {value}, "at most 1", held={value} <= 1)

def test_second(bench):
    bench.table("Second", ["what", "value"], [["rows", "7"]])
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The page of a project whose benchmarks are measured as this one's are."""
    page = tmp_path / "docs" / "performance.md"
    benchmarks = tmp_path / "tests" / "benchmarks"
    page.parent.mkdir()
    benchmarks.mkdir(parents=True)
    page.write_text(PAGE)
    (tmp_path / "tests" / "conftest.py").write_text(OPTION)
    (benchmarks / "conftest.py").write_text((HERE / "conftest.py").read_text())
    return page


def measure(page: Path, value: float) -> subprocess.CompletedProcess[str]:
    folder = page.parents[1] / "tests"
    (folder / "benchmarks" / "test_bench_quick.py").write_text(MEASURES.format(value=value))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--update-golden", "."]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_run_whose_bars_hold_passes(page: Path) -> None:
    done = measure(page, 0.5)
    assert done.returncode == 0, done.stdout
    assert "Bar, first: 0.50 (at most 1): held." in page.read_text()
    assert "old" not in page.read_text()


def test_a_missed_bar_fails_the_run_after_the_page_is_written(page: Path) -> None:
    done = measure(page, 1.5)
    assert done.returncode == 1
    assert "Bar not held: first: 1.50 (at most 1)" in done.stdout
    assert "2 passed" in done.stdout
    assert "Bar, first: 1.50 (at most 1): not held." in page.read_text()
    assert "| rows | 7 |" in page.read_text()


def test_all_bars_of_the_published_page_hold() -> None:
    text = (HERE.parents[1] / "docs" / "performance.md").read_text(encoding="utf-8")
    assert text.count("\nBar, ") == text.count(": held.\n") > 20


def test_figures_that_have_no_place_yet_are_written_at_the_end_of_the_page(page: Path) -> None:
    page.write_text("# Performance\n")
    for value in (0.5, 0.75):
        assert measure(page, value).returncode == 0
    text = page.read_text()
    assert text.startswith("# Performance\n<!-- quick: written by `make bench` -->\n")
    assert text.count("Bar, first") == 1
    assert "Bar, first: 0.75" in text
