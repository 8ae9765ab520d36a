"""Catalogs with one damaged file: every command answers right or in a sentence; index repairs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from datasets import contents_of, difference
from mutations import mutate
from outcome import Outcome
from small import write_small

if TYPE_CHECKING:
    import random

_SAVE: Final = ("manifest", "save", "OUT", "-o", "TO.csv")
_COMMANDS: Final = (
    ("info", "OUT"),
    ("select", "OUT", "--format", "csv"),
    ("select", "OUT", "--cover", "forest>=0.1", "--sensor", "s2", "--format", "paths"),
    ("select", "OUT", "--region", "Africa", "--format", "geojson"),
    ("select", "OUT", "--bbox", "0,40,20,60", "--format", "json"),
    ("sql", "OUT", "SELECT id, s1, cover.forest FROM patches ORDER BY id", "--format", "csv"),
    ("sql", "OUT", "FROM scenes ORDER BY ALL", "--format", "csv"),
    ("sql", "OUT", "SELECT id FROM patches_near(10, 45, 900) ORDER BY ALL", "--format", "csv"),
    ("check", "OUT"),
    ("extract", "OUT", "--to", "TO", "--how", "hardlink"),
    _SAVE,
    ("manifest", "load", "LIST", "OUT", "--format", "csv"),
    ("sample", "OUT", "-n", "4", "--stratify", "season", "--format", "csv"),
    ("split", "OUT", "--fractions", "train=0.6,test=0.4"),
    ("leakage", "OUT", "LIST", "LIST", "--format", "csv"),
)
_INDEX: Final = ("index", "ROOT", "-o", "OUT")
_FORKS: Final = Path(__file__).with_name("forks.py")


class Answer(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


class Catalogs:
    """No traceback, no silent change of an answer, and `index` makes the catalog whole."""

    name = "catalogs"
    what = "commands on a catalog with one damaged file, then `index`; oracle: the good catalog"
    share = 4

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root, self.good = write_small(folder)
        self.out, self.to = folder / "damaged", folder / "to"
        self.forks = subprocess.Popen(
            (sys.executable, _FORKS),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "200", "OPENBLAS_NUM_THREADS": "1"},
        )
        self.list = self.folder / "list.csv"
        self._restore()
        self._ask(_SAVE)
        os.rename(self._filled("TO.csv"), self.list)
        self.contents = contents_of(self.good)
        self.answers = [self._ask(command) for command in _COMMANDS]
        for command, answer in zip(_COMMANDS, self.answers, strict=True):
            if answer.code < 0 or "Traceback" in answer.err or "Error: " in answer.err:
                raise ValueError(f"{command} fails on a good catalog: {answer.err}")
        self.names = sorted(self.contents)
        self.evidence = b""

    def run(self, draw: random.Random) -> Outcome:
        """Damage one file, ask everything, and index again."""
        self._restore()
        name = draw.choice((*self.names, "items.parquet", "catalog.duckdb", "report.json"))
        path = self.out / name
        good = path.read_bytes()
        damage = draw.choice(("bytes", "bytes", "bytes", "empty", "missing", "folder"))
        mutant = mutate(good, draw).data if damage == "bytes" else b""
        self.evidence = f"{name}\n{damage}\n".encode() + mutant
        path.unlink()
        if damage == "folder":
            path.mkdir()
        elif damage != "missing":
            path.write_bytes(mutant)
        if damage == "bytes" and mutant == good:
            return Outcome()
        told = f"{name}, {damage}"
        right = 0
        for command, true in zip(_COMMANDS, self.answers, strict=True):
            answer = self._ask(command)
            problem = _problem(command, answer, true)
            if problem:
                return Outcome(len(_COMMANDS), right, f"{told}: `{' '.join(command)}` {problem}")
            right += answer == true
        return Outcome(len(_COMMANDS) + 1, right, self._repaired(told))

    def _restore(self) -> None:
        for path in (self.out, self.to):
            shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.good, self.out)
        journal = self.folder / "damaged.journal"
        if not journal.exists():
            shutil.copytree(self.folder / "catalog.journal", journal)

    def _ask(self, command: tuple[str, ...]) -> Answer:
        told = self.folder / "told"
        if self.forks.stdin is None or self.forks.stdout is None:
            raise ValueError("the forks have no pipes")
        line = "\t".join((str(told), *map(self._filled, command)))
        print(line, file=self.forks.stdin, flush=True)
        code = int(self.forks.stdout.readline())
        out, err = (
            told.with_suffix(ending).read_text(encoding="utf-8", errors="replace")
            for ending in (".out", ".err")
        )
        return Answer(code, out, err)

    def _filled(self, word: str) -> str:
        paths = {"OUT": self.out, "ROOT": self.root, "LIST": self.list}
        if word in paths:
            return str(paths[word])
        return word.replace("TO", str(self.to)) if word.startswith("TO") else word

    def _repaired(self, told: str) -> str:
        done = self._ask(_INDEX)
        if done.code != 0:
            return f"{told}: `index` ends with {done.code}: {done.err[-300:]}"
        try:
            name = difference(contents_of(self.out), self.contents)
        except Exception as error:  # noqa: BLE001 - a catalog that is still damaged
            return f"{told}: `index` leaves it damaged: {error}"
        return name and f"{told}: `index` leaves {name} otherwise"


def _problem(command: tuple[str, ...], answer: Answer, true: Answer) -> str:
    """Neither the right answer nor one sentence."""
    if "Traceback" in answer.err or answer.code < 0:
        return f"ends with {answer.code}: {answer.err[-300:]}"
    if answer.code == true.code and "Error: " not in answer.err:
        return "" if answer.out == true.out else "gives another answer, and says nothing"
    if command[0] == "check":
        return ""
    lines = [line for line in answer.err.splitlines() if line.startswith("Error: ")]
    return "" if len(lines) == 1 else f"does not end with one sentence: {answer.err[-300:]}"
