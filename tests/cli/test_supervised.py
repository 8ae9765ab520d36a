"""A query that neither Ctrl-C nor DuckDB's memory limit ends is ended all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Small

SEN12MS = Path(sys.executable).with_name("sen12ms")
ENDLESS = "SELECT length(repeat('x', 1000000000)) + length(repeat('y', 1000000000))"
QUADRATIC = "SELECT levenshtein(repeat('ab', 50000), repeat('ba', 50000))"
HUGE = "SELECT list_sum(range(1500000000))"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here"),
]


def started(small: Small, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [SEN12MS, "sql", str(small.out), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("query", [ENDLESS, QUADRATIC])
def test_query_ends_when_its_time_is_over(small: Small, query: str) -> None:
    process = started(small, query, "--timeout", "1")
    answer, said = process.communicate(timeout=60)
    assert (process.returncode, answer) == (1, "")
    assert said.splitlines()[-1] == "Error: the query took longer than 1 s: raise --timeout"


def test_query_ends_when_it_needs_too_much_memory(small: Small) -> None:
    process = started(small, HUGE, "--timeout", "120")
    process.communicate(timeout=110)
    assert process.returncode == 1


def test_interrupt_ends_it_whatever_it_does(small: Small) -> None:
    process = started(small, QUADRATIC)
    time.sleep(2)
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - asked < 20


def test_answer_and_exit_code_are_those_of_the_child(small: Small) -> None:
    good = started(small, "SELECT count(*) AS n FROM patches", "--format", "csv")
    assert good.communicate(timeout=60) == ("n\n54\n", "")
    bad = started(small, "SELECT nonsense FROM patches")
    bad.communicate(timeout=60)
    assert (good.returncode, bad.returncode) == (0, 1)
