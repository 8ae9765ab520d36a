"""Power lost in a run of `index`, at random steps: `make power-loss CRASHES=100`.

Nothing here cuts power. A run ends at a random step; then files that it wrote and did not sync lose
data, and the last renames that no sync of their folder followed are undone.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from datasets import contents_of, difference, patches_hash, run_index
from internals import write_scene
from page import add_to_table
from small import SCENES

if TYPE_CHECKING:
    from datasets import Contents

SHIM: Final = Path(__file__).with_name("crash_shim.py")
HEADER: Final = ("what", "tried", "files lost", "renames undone", "wrong", "lost", "command")
_PAGE_BYTES: Final = 4096


class Crashes:
    """A small dataset, an older catalog of its first half, and the newer one of all."""

    def __init__(self, folder: Path) -> None:
        self.work, self.log = folder / "work", folder / "log.json"
        self.out = self.work / "catalog"
        roots = folder / "A", folder / "B"
        for number, scene in enumerate(SCENES):
            for _ in write_scene(roots[number % 2], scene, sparse=("s1", "s2")):
                pass
        self.older = folder / "older"
        run_index(roots[:1], self.older)
        self.roots = roots
        self.true_older = contents_of(self.older)
        self.counts: Counter[str] = Counter()
        self._start()
        self.steps = self._run(0)
        self.true: Contents = contents_of(self.out)

    def _start(self) -> None:
        shutil.rmtree(self.work, ignore_errors=True)
        for left in self.log.parent.glob(f"{self.log.name}*"):
            left.unlink()
        self.work.mkdir()
        shutil.copytree(self.older, self.out)

    def _run(self, step: int) -> int:
        """Run up to a step, 0 for the end; how many steps were done."""
        command = ["index", *map(str, self.roots), "-o", str(self.out), "--workers", "1"]
        subprocess.run(
            [sys.executable, str(SHIM), str(step), str(self.log), str(self.work), *command],
            check=False,
            capture_output=True,
        )
        return int(self._known()["steps"])

    def _known(self) -> dict[str, Any]:
        known: dict[str, Any] = json.loads(self.log.read_bytes())
        return known

    def crash(self, draw: random.Random) -> str:
        """Crash at a random step, lose what may be lost, look, run again; what is wrong."""
        self._start()
        before = {path.stat().st_ino: path.stat().st_mtime_ns for path in self._files()}
        # Half of the crashes come in the last steps, where the catalogs are swapped.
        first = max(1, self.steps - 40) if draw.random() < 0.5 else 1
        self._run(draw.randint(first, self.steps))
        self.counts["tried"] += 1
        known = self._known()
        self._lose_data(before, known["synced"], draw)
        self._undo_renames(known["renames"], draw)
        problem = self._silently_wrong()
        if problem:
            self.counts["lost"] += 1
            return problem
        problem = self._not_repaired()
        self.counts["wrong"] += bool(problem)
        return problem

    def _files(self) -> list[Path]:
        return [path for path in sorted(self.work.rglob("*")) if path.is_file()]

    def _lose_data(
        self, before: dict[int, int], synced: dict[str, int], draw: random.Random
    ) -> None:
        """Of files that were changed and not synced since, some lose all or some of their data."""
        share = draw.choice((0.0, 0.02, 0.5, 1.0))
        for path in self._files():
            status = path.stat()
            is_safe = status.st_mtime_ns in (
                before.get(status.st_ino),
                synced.get(str(status.st_ino)),
            )
            if is_safe or status.st_size == 0 or draw.random() >= share:
                continue
            self.counts["files"] += 1
            start = draw.choice((0, 0, draw.randrange(status.st_size)))
            start -= start % _PAGE_BYTES
            os.truncate(path, start)
            if draw.random() < 0.5:  # the size was on the disk, the data was not
                os.truncate(path, status.st_size)

    def _undo_renames(
        self, renames: list[tuple[str, str, str | None]], draw: random.Random
    ) -> None:
        """Undo the last of the renames: a file system keeps their order."""
        undone = draw.randint(0, min(3, len(renames))) if renames else 0
        for source, target, kept in reversed(renames[len(renames) - undone :]):
            if os.path.exists(target) and not os.path.exists(source):
                os.rename(target, source)
                self.counts["renames"] += 1
                if kept is not None:
                    os.rename(kept, target)

    def _silently_wrong(self) -> str:
        """A catalog that answers, but neither as the older nor as the newer one."""
        if not (self.out / "catalog.duckdb").is_file():
            return ""
        try:
            found = patches_hash(self.out / "catalog.duckdb")
        except Exception:  # noqa: BLE001 - it is noticed, which is enough
            return ""
        known = {true["catalog.duckdb"] for true in (self.true, self.true_older)}
        return "" if found in known else "the database answers otherwise, and says nothing"

    def _not_repaired(self) -> str:
        try:
            run_index(self.roots, self.out)
            name = difference(contents_of(self.out), self.true)
        except subprocess.CalledProcessError as error:
            return f"the next run fails: {error.stderr.decode(errors='replace')[-300:]}"
        except Exception as error:  # noqa: BLE001 - a catalog that is still damaged
            return f"the next run leaves it damaged: {error}"
        return name and f"the next run leaves {name} otherwise"


def main() -> int:
    """Crash, count, and write the page; 1 if anything was lost or wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crashes", type=int, default=100)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--fresh", action="store_true", help="forget the figures on the page")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(2**32) if given.seed is None else given.seed
    _say(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="power-") as folder:
        crashes = Crashes(Path(folder))
        _say(f"{crashes.steps} steps")
        for number in range(given.crashes):
            problem = crashes.crash(random.Random(f"{seed} {number}"))
            _say(f"crash {number}: {problem or 'nothing lost'}")
    counts = crashes.counts
    row = ["simulated loss of power in `index`", counts["tried"], counts["files"]]
    row += [counts["renames"], counts["wrong"], counts["lost"], "`make power-loss`"]
    _say(" ".join(map(str, row)))
    add_to_table("power-loss", HEADER, [row], seed, fresh=given.fresh)
    return int(bool(counts["wrong"] or counts["lost"]))


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
