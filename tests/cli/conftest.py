"""The command line, run inside this process: quick, and with the real exit codes and streams."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from catalog import Catalog
from catalog.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Small

    Run = Callable[..., "Result"]


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("info", out)`, as somebody would type it, on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def run_main(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["sen12ms", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        code = caught.value.code
        assert code is None or isinstance(code, int)
        return Result(code or 0, *capsys.readouterr())

    return run_main


@pytest.fixture(scope="module", autouse=True)
def expected(small: Small) -> Iterator[Catalog]:
    """The Python side of what the commands print.

    While it is open, DuckDB lends its instance to every command, which so starts much sooner.
    """
    with Catalog.open(small.out) as catalog:
        yield catalog
