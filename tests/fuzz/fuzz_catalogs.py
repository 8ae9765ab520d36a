"""Catalogs with one damaged file: every command answers right or in a sentence; index repairs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from datasets import contents_of, difference
from mutations import mutate
from outcome import Outcome
from small import write_small

if TYPE_CHECKING:
    import random
    from pathlib import Path

_COMMANDS: Final = (
    ("info", "OUT"),
    ("select", "OUT", "--format", "csv"),
    ("sql", "OUT", "SELECT id, s1, cover.forest FROM patches ORDER BY id", "--format", "csv"),
    ("check", "OUT"),
    ("extract", "OUT", "--to", "TO", "--how", "hardlink"),
    ("manifest", "save", "OUT", "-o", "TO.csv"),
    ("split", "OUT", "--fractions", "train=0.6,test=0.4"),
)
_SECONDS: Final = 300
_ONE_PROCESS: Final = "import sys; sys.argv[0] = 'sen12ms'\nfrom catalog.cli import main\nmain()"
_MANY: Final = """\
import os, sys
from catalog.cli import main
for line in sys.stdin.read().splitlines():
    sys.argv = ["sen12ms", *line.split("\\t")[1:]]
    name = line.split("\\t")[0]
    sys.stdout.flush(); sys.stderr.flush()
    child = os.fork()
    if child == 0:
        for number, ending in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{name}.{ending}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        main()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    open(f"{name}.code", "w").write(str(code))
"""


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
        self._restore()
        self.contents = contents_of(self.good)
        self.answers = self._ask()
        for command, answer in zip(_COMMANDS, self.answers, strict=True):
            if answer.code not in {0, 3} or "Traceback" in answer.err:
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
        found = self._ask()
        told = f"{name}, {damage}"
        right = 0
        for command, answer, true in zip(_COMMANDS, found, self.answers, strict=True):
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

    def _ask(self) -> list[Answer]:
        """All answers; one process imports everything, and each command is a fork of it."""
        lines = []
        for number, command in enumerate(_COMMANDS):
            words = [self._filled(word) for word in command]
            lines.append("\t".join([str(self.folder / f"{number}"), *words]))
        subprocess.run(
            (sys.executable, "-c", _MANY),
            input="\n".join(lines).encode(),
            check=True,
            timeout=_SECONDS,
            capture_output=True,
        )
        return [self._answer(number) for number in range(len(_COMMANDS))]

    def _answer(self, number: int) -> Answer:
        texts = [
            (self.folder / f"{number}.{ending}").read_text(encoding="utf-8", errors="replace")
            for ending in ("code", "out", "err")
        ]
        return Answer(int(texts[0]), texts[1], texts[2])

    def _filled(self, word: str) -> str:
        if word == "OUT":
            return str(self.out)
        return word.replace("TO", str(self.to)) if word.startswith("TO") else word

    def _repaired(self, told: str) -> str:
        done = subprocess.run(
            (sys.executable, "-c", _ONE_PROCESS, "index", str(self.root), "-o", str(self.out)),
            check=False,
            timeout=_SECONDS,
            capture_output=True,
            env={**os.environ, "COLUMNS": "200"},
        )
        if done.returncode != 0:
            return f"{told}: `index` ends with {done.returncode}: {done.stderr.decode()[-300:]}"
        try:
            name = difference(contents_of(self.out), self.contents)
        except Exception as error:  # noqa: BLE001 - a catalog that is still damaged
            return f"{told}: `index` leaves it damaged: {error}"
        return name and f"{told}: `index` leaves {name} otherwise"


def _problem(command: tuple[str, ...], answer: Answer, true: Answer) -> str:
    """Neither the right answer nor one sentence."""
    if "Traceback" in answer.err or answer.code < 0:
        return f"ends with {answer.code}: {answer.err[-300:]}"
    if answer.code == 0:
        return "" if answer.out == true.out else "gives another answer, and says nothing"
    if command[0] == "check":
        return ""
    lines = [line for line in answer.err.splitlines() if line.startswith("Error: ")]
    return "" if len(lines) == 1 else f"does not end with one sentence: {answer.err[-300:]}"
