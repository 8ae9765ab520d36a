"""`kill -9` of a whole run of `index`, at random moments: `make kills KILLS=100`."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from datasets import (
    contents_of,
    count_files,
    difference,
    index_command,
    pack_sparse,
    patches_hash,
    run_index,
    write_halves,
)
from page import add_to_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datasets import Contents

SHARE: Final = 0.04
"""Of the scenes: some 22,000 files."""
HEADER: Final = (
    *("what", "tried", "read", "write", "swap", "between renames", "wrong", "lost", "command"),
)
_POLL_SECONDS: Final = 0.0005


class Way(NamedTuple):
    """One way to come from an older catalog to a newer one."""

    name: str
    older: tuple[Path, ...]
    """Roots of the older catalog."""
    roots: tuple[Path, ...]
    """Roots of the newer run."""
    options: tuple[str, ...] = ()


@dataclass
class Undisturbed:
    """A way, gone once without a kill."""

    way: Way
    older: Path
    """The older catalog; each run gets hard links to its files."""
    older_contents: Contents
    contents: Contents
    """Of the newer catalog."""
    seconds: float
    counts: Counter[str] = field(default_factory=Counter)


def ways_of(folder: Path) -> list[Way]:
    """From folders, from archives, and with `--add`."""
    first, second = write_halves(folder, SHARE)
    files = count_files(first) + count_files(second)
    _say(f"{files:,} files in {folder}")
    packed = tuple(folder / f"{root.name}.tar" for root in (first, second))
    for root, archive in zip((first, second), packed, strict=True):
        if not archive.exists():
            pack_sparse(root, archive)
    return [
        Way("folders", (first,), (first, second)),
        Way("archives", packed[:1], packed),
        Way("`--add`", (first,), (second,), ("--add",)),
    ]


def undisturbed(way: Way, folder: Path) -> Undisturbed:
    """Go a way once, and measure it."""
    older, out = folder / "older", folder / "catalog"
    run_index(way.older, older)
    _start_from(older, out)
    start = time.monotonic()
    run_index(way.roots, out, *way.options)
    seconds = time.monotonic() - start
    return Undisturbed(way, older, contents_of(older), contents_of(out), seconds)


def _start_from(older: Path, out: Path) -> None:
    """Only the older catalog, without a journal: the next run reads everything."""
    for path in (out, *(_beside(out, end) for end in ("journal", "partial", "previous"))):
        shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(older, out, copy_function=os.link)


def _beside(out: Path, ending: str) -> Path:
    return out.with_name(f"{out.name}.{ending}")


def kill_once(base: Undisturbed, out: Path, draw: random.Random) -> str:
    """Kill one run, finish it by a plain one, and compare; what is wrong, or nothing."""
    _start_from(base.older, out)
    phase = _killed(index_command(base.way.roots, out, *base.way.options), out, base.seconds, draw)
    base.counts[phase] += 1
    if phase == "over":
        return ""
    problem = _unreadable(base, out)
    if problem:
        base.counts["lost"] += 1
        return problem
    try:
        run_index(base.way.roots, out, *base.way.options)
    except subprocess.CalledProcessError as error:
        base.counts["wrong"] += 1
        return f"the next run failed: {error.stderr.decode(errors='replace')[-500:]}"
    name = difference(contents_of(out), base.contents)
    base.counts["wrong"] += bool(name)
    return name and f"{name} is not as in an undisturbed run"


def _killed(command: Sequence[str], out: Path, seconds: float, draw: random.Random) -> str:
    """Start a run and kill its process group; the phase that it was in.

    A quarter of the kills come while the catalogs are swapped: that takes a hundredth of a run, so
    that a moment drawn over all of it seldom falls there.
    """
    at_swap = draw.random() < 0.25
    moment = draw.uniform(0, 0.02) if at_swap else draw.uniform(0, seconds)
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    previous = _beside(out, "previous")
    while at_swap and not previous.exists() and process.poll() is None:
        time.sleep(_POLL_SECONDS)
    deadline = time.monotonic() + moment
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(_POLL_SECONDS)
    if process.poll() is not None:
        return "over"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if previous.exists():
        return "swap"
    return "write" if _beside(out, "partial").exists() else "read"


def _unreadable(base: Undisturbed, out: Path) -> str:
    """Why the catalog that a kill left is neither the older nor the newer one; empty if it is.

    Between two renames it has another name for a moment; the next run puts it back.
    """
    there = out if out.exists() else _beside(out, "previous")
    base.counts["renamed"] += there != out
    try:
        found = patches_hash(there / "catalog.duckdb")
    except Exception as error:  # noqa: BLE001 - whatever a reader would meet
        return f"the older catalog cannot be read: {error}"
    name = difference(contents_of(there), base.older_contents)
    if not name or found == base.contents["catalog.duckdb"]:
        return ""
    return f"{name} is not as in the older catalog"


def main() -> int:
    """Kill, count, and write the page; 1 if anything was lost or wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--folder", type=Path, help="for the replica, which the next run reuses")
    parser.add_argument("--fresh", action="store_true", help="forget the figures on the page")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(2**32) if given.seed is None else given.seed
    _say(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="kills-", dir=given.folder) as scratch:
        bases = []
        for number, way in enumerate(ways_of(given.folder or Path(scratch))):
            work = Path(scratch) / str(number)
            work.mkdir()
            bases.append((undisturbed(way, work), work / "catalog"))
            _say(f"{way.name}: {bases[-1][0].seconds:.1f} s undisturbed")
        with suppress(KeyboardInterrupt):  # what was done so far is reported
            _kill_all(bases, given.kills, seed)
        for base, _ in bases:
            name = difference(contents_of(base.older), base.older_contents)
            base.counts["wrong"] += bool(name)
    return _report([base for base, _ in bases], seed, fresh=given.fresh)


def _kill_all(bases: Sequence[tuple[Undisturbed, Path]], kills: int, seed: int) -> None:
    for number in range(kills):
        base, out = bases[number % len(bases)]
        problem = kill_once(base, out, random.Random(f"{seed} {number}"))
        _say(f"kill {number} of {base.way.name}: {problem or 'nothing lost'}")


def _report(bases: Sequence[Undisturbed], seed: int, *, fresh: bool) -> int:
    rows = []
    for base in bases:
        counts = base.counts
        tried = sum(counts[phase] for phase in ("read", "write", "swap"))
        numbers = [counts[name] for name in ("read", "write", "swap", "renamed", "wrong", "lost")]
        rows.append([f"index from {base.way.name}", tried, *numbers, "`make kills`"])
        _say(" ".join(map(str, rows[-1])))
    _say(f"{sum(base.counts['over'] for base in bases)} came too late, and are not counted")
    add_to_table("kills", HEADER, rows, seed, fresh=fresh)
    return int(any(base.counts["wrong"] or base.counts["lost"] for base in bases))


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
