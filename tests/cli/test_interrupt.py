"""Ctrl-C ends a command with one sentence, whatever DuckDB is at."""

from __future__ import annotations

import os
import signal
from threading import Timer
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Run
    from tests.conftest import Small

ENDLESS = "FROM range(1000000) AS a, range(1000000) AS b WHERE a.range * b.range = 7"


@pytest.mark.parametrize(
    "arguments",
    [
        ["sql", "OUT", f"SELECT count(*) {ENDLESS}"],
        ["sql", "OUT", f"SELECT count(*) {ENDLESS}", "--format", "csv"],
        ["select", "OUT", "--where", f"EXISTS ({ENDLESS} AND a.range = patch)"],
    ],
    ids=["sql", "sql-csv", "select-where"],
)
def test_ctrl_c_is_one_sentence_and_code_130(run: Run, small: Small, arguments: list[str]) -> None:
    words = [str(small.out) if word == "OUT" else word for word in arguments]
    Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    result = run(*words)
    assert result.code == 130
    assert result.err.strip() == "Interrupted: what was there before is unchanged."
    assert result.out == ""
