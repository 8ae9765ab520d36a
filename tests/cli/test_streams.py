"""Outputs that refuse, and machines without a home, end in one sentence or do no harm."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Small

MAIN = "from catalog.cli import command_line; command_line()"
NOBODY = """
import pwd

def unknown(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")

pwd.getpwuid = unknown
"""
"""A user id without a passwd entry, as batch systems and containers run under."""
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="/dev/full is Linux's")
posix = pytest.mark.skipif(os.name == "nt", reason="streams are closed by a POSIX shell")

WRITES = {
    "paths": ["select", "OUT", "--format", "paths"],
    "a table": ["sql", "OUT", "FROM scenes"],
    "info": ["info", "OUT"],
    "info as JSON": ["info", "OUT", "--json"],
}


def sen12ms(
    out: Path, arguments: list[str], *, before: str = "", **options: Any
) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own; `OUT` stands for the catalog."""
    words = [str(out) if word == "OUT" else word for word in arguments]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    command = [sys.executable, "-c", before + MAIN, *words]
    return subprocess.run(command, text=True, check=False, timeout=120, **options)


@needs_full
@pytest.mark.parametrize("arguments", WRITES.values(), ids=WRITES)
def test_a_full_disk_is_one_sentence(small: Small, arguments: list[str]) -> None:
    with FULL.open("w") as full:
        done = sen12ms(small.out, arguments, stdout=full)
    assert done.returncode == 1
    assert done.stderr == "Error: reading or writing failed: No space left on device\n"


@posix
@pytest.mark.parametrize("arguments", WRITES.values(), ids=WRITES)
def test_a_reader_that_has_had_enough_is_no_error(small: Small, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = sen12ms(small.out, arguments, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@posix
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_no_harm(small: Small, tmp_path: Path, closed: str) -> None:
    script = f'exec "$@" {closed}'
    table = tmp_path / "chosen.parquet"
    words = ["select", str(small.out), "--format", "parquet", "-o", str(table)]
    for arguments in (words, ["info", str(small.out)]):
        command = ["sh", "-c", script, "sh", sys.executable, "-c", MAIN, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    assert table.read_bytes()[:4] == b"PAR1"


def test_a_letter_that_the_output_lacks_is_named_with_the_remedy(small: Small) -> None:
    query = ["sql", "OUT", "SELECT 'Goiás' AS name", "--format", "csv"]
    ascii_ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = sen12ms(small.out, query, env=ascii_)
    assert done.returncode == 1
    assert done.stderr == (
        "Error: '\\xe1' cannot be written in the encoding ascii: "
        "set PYTHONIOENCODING=utf-8:surrogateescape, or write to a file\n"
    )
    utf8 = {**os.environ, "PYTHONIOENCODING": "utf-8:surrogateescape"}
    done = sen12ms(small.out, query, env=utf8, encoding="utf-8")
    assert (done.returncode, done.stdout) == (0, "name\nGoiás\n")


def homeless() -> dict[str, str]:
    homes = {"HOME", "XDG_CACHE_HOME"}
    return {name: value for name, value in os.environ.items() if name not in homes}


@posix
@pytest.mark.parametrize("name", [".", "items.parquet"], ids=["catalog", "table"])
@pytest.mark.parametrize(
    "command", [["select"], ["sql", "FROM scenes"]], ids=lambda words: words[0]
)
def test_a_user_without_a_home_gets_answers(small: Small, name: str, command: list[str]) -> None:
    arguments = [command[0], "OUT", *command[1:]]
    done = sen12ms(small.out / name, arguments, before=NOBODY, env=homeless())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@posix
def test_a_user_without_a_home_may_index_and_has_no_stac_browser(
    small: Small, tmp_path: Path
) -> None:
    arguments = ["index", str(small.root), "-o", str(tmp_path / "catalog"), "--workers", "1"]
    done = sen12ms(small.out, arguments, before=NOBODY, env=homeless())
    assert done.returncode == 0, done.stderr
    folder = (
        "from catalog.server.stac_browser import browser_folder; print(browser_folder().is_dir())"
    )
    command = [sys.executable, "-c", NOBODY + folder]
    found = subprocess.run(command, env=homeless(), capture_output=True, text=True, check=False)
    assert (found.stdout, found.stderr) == ("False\n", "")


@posix
def test_a_user_without_a_home_is_told_what_to_install(small: Small) -> None:
    without = f"{NOBODY}import sys; sys.modules['duckdb_extension_spatial'] = None\n"
    done = sen12ms(small.out, ["sql", "OUT", "FROM scenes"], before=without, env=homeless())
    assert done.returncode == 1
    assert done.stderr.startswith("Error: DuckDB's extension spatial cannot be loaded: ")
    assert "pip install duckdb-extension-spatial==" in done.stderr
    assert done.stderr.count("\n") == 1
