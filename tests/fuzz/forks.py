"""Runs commands one after the other, each in a fork of a process that has imported everything.

A line on standard input is a name and the words of a command, separated by tabs; the exit code is
the answer. What the command writes goes to `NAME.out` and `NAME.err`.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from functools import partial
from importlib import import_module
from pkgutil import iter_modules

import catalog
from catalog import cli

MODULES = (
    *("pandas", "pyarrow.dataset", "rich.progress", "catalog.reading.check"),
    *(f"catalog.experiment.{name}" for name in ("leaks", "manifests", "sampling", "splits")),
    *(f"catalog.cli.{module.name}" for module in iter_modules(cli.__path__)),
)
"""What commands import when they need it."""
SECONDS = 300
"""By the clock, for one command."""


def run(name: str, words: list[str]) -> int:
    """Run a command to its end; its exit code, or what ended it as a negative number."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, ending in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{name}.{ending}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os._exit(_code_of(words))  # without the destructors of threads that a fork does not have
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _code_of(words: list[str]) -> int:
    sys.argv = ["sen12ms", *words]
    try:
        cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:  # noqa: BLE001 - as an interpreter ends
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    imported = [*map(partial(getattr, catalog), catalog.__all__), *map(import_module, MODULES)]
    for line in sys.stdin:
        name, *words = line.rstrip("\n").split("\t")
        sys.stdout.write(f"{run(name, words)}\n")
        sys.stdout.flush()
