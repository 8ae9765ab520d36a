"""A run survives any death."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


from trees import Told, Tree, contents_of, put, stamps_of

KILLS, LONGEST_S = 20, 0.6
"""So many runs are killed after so many seconds at most: a whole run takes about as long."""

RUNS = """
import json
import os
import sys
from catalog import index
print("ready", flush=True)
for _ in sys.stdin:
    run = os.fork()
    if not run:
        index(sys.argv[1], into=sys.argv[2], **json.loads(sys.argv[3]))
        os._exit(0)
    print(run, flush=True)
    os.waitpid(run, 0)
"""
"""A run for each line that is written to it."""

WAIT = """
import sys
import time
from catalog import index

def wait(phase, done, total, rejected):
    if phase == sys.argv[3]:
        print(phase, flush=True)
        time.sleep(60)

index(sys.argv[1], into=sys.argv[2], progress=wait)
"""


@pytest.fixture
def started(tree: Tree) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a script over the tree; waits for its first line."""
    processes = []

    def start(script: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", script, str(tree.root), str(tree.out), *arguments]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline()
        return process

    yield start
    for process in processes:
        with process:
            process.kill()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forked, which this system cannot")
@pytest.mark.slow
@pytest.mark.parametrize("choices", [{}, {"items": "none", "partition": "season"}], ids=str)
def test_twenty_runs_that_are_killed_at_any_moment_are_made_good_by_the_next(
    tree: Tree, started: Callable[..., subprocess.Popen[str]], choices: dict[str, str]
) -> None:
    expected = tree.indexed_anew(**choices)
    shutil.rmtree(tree.out)
    moments = random.Random(2017)
    process = started(RUNS, json.dumps(choices))
    assert process.stdin
    assert process.stdout
    for number in range(KILLS):
        if number % 2:
            shutil.rmtree(tree.journal, ignore_errors=True)
        print(file=process.stdin, flush=True)
        run = int(process.stdout.readline())
        time.sleep(moments.uniform(0, LONGEST_S))
        with suppress(ProcessLookupError):  # it may be done
            os.kill(run, signal.SIGKILL)
    process.communicate()
    known = set(tree.journal.glob("*.arrow"))
    told = Told()
    tree.index(progress=told, **choices)
    assert told.files_read() == 27 * (2 - len(known))
    assert contents_of(tree.out) == expected
    names = {"SEN12MS", "catalog", "catalog.journal", "catalog.lock"}
    fresh = {"fresh", "fresh.journal", "fresh.lock"}
    assert {path.name for path in tree.folder.iterdir()} == names | fresh


@pytest.mark.parametrize(
    ("death", "phase"),
    [
        pytest.param(signal.SIGINT, "read", id="Ctrl-C while reading"),
        pytest.param(signal.SIGINT, "write", id="Ctrl-C while writing"),
        pytest.param(signal.SIGKILL, "write", id="kill while writing"),
    ],
)
def test_a_run_that_dies_leaves_the_old_catalog_and_what_it_read(
    tree: Tree, started: Callable[..., subprocess.Popen[str]], death: signal.Signals, phase: str
) -> None:
    before = stamps_of(tree.out)
    put(tree.file("s1", 30), b"")
    process = started(WAIT, phase)
    process.send_signal(death)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert errors.endswith("KeyboardInterrupt\n") == (death == signal.SIGINT)
    assert stamps_of(tree.out) == before
    told = Told()
    report = tree.index(progress=told)
    assert told.files_read() == 0
    assert [entry.path for entry in report.rejected] == [str(tree.file("s1", 30))]
    names = {"SEN12MS", "catalog", "catalog.journal", "catalog.lock"}
    assert {path.name for path in tree.folder.iterdir()} == names
