"""The loop of `make fuzz MINUTES=5 [ONLY=name] [SEED=n] [JOBS=2]`: 1 if anything is wrong.

Each target runs in a process of its own, with a limit to its memory; a case that takes too long is
ended with it, and the next process goes on behind it. A case follows from the seed, the name of
the target and its number: `--seed S --only NAME --case N` runs it again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from ctypes import Structure, c_double, c_long
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fuzz_archives import Archives
from fuzz_catalogs import Catalogs
from fuzz_conditions import Conditions
from fuzz_cql2 import Cql2
from fuzz_headers import Headers
from fuzz_manifests import Manifests
from fuzz_names import Names
from fuzz_regions import Regions
from fuzz_requests import Requests
from fuzz_scenes import Scenes
from outcome import Outcome
from page import add_to_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from outcome import Target

FOUND: Final = Path(__file__).with_name("found")
TARGETS: Final[dict[str, type[Target]]] = {
    target.name: target
    for target in (
        *(Headers, Scenes, Archives, Names),
        *(Regions, Conditions, Cql2, Requests, Manifests, Catalogs),
    )
}
HEADER: Final = ("what", "tried", "accepted", "wrong", "seconds", "command")
MOST_KEPT: Final = 20
"""Of what is found of one target."""
MEMORY_BYTES: Final = 4 << 30
ALARM_SECONDS: Final = 10
"""Of the processor, for one case: a busy machine makes nothing wrong."""
_SLOW: Final = {"catalogs": 120, "regions": 120}
"""Those with many inputs or processes in a case."""
_TELL_SECONDS: Final = 30
_DEAD_SECONDS: Final = 600
"""By the clock, for one case or for what all of them need: in a call that never comes back."""


class HungError(BaseException):
    """A case took too long; no target may catch it as an error of its own."""


class Counts(Structure):
    """What a process tells the one that watches it."""

    _fields_ = (
        ("case", c_long),
        ("since", c_double),
        ("tried", c_long),
        ("accepted", c_long),
        ("bad", c_long),
    )


class Plan(NamedTuple):
    """What a process is to do."""

    name: str
    seed: int
    until: float
    """Of the monotonic clock."""
    only_case: int | None
    jobs: int = 1
    """Processes that share the cases: of n, each takes every n-th."""


def draw_of(seed: int, name: str, case: int) -> random.Random:
    """What decides all of one case."""
    return random.Random(f"{seed} {name} {case}")


def attempt(target: Target, draw: random.Random, seconds: float = ALARM_SECONDS) -> Outcome:
    """Run one case; what is raised, or takes too long, is its problem."""
    signal.signal(signal.SIGPROF, _ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return target.run(draw)
    except HungError:
        return Outcome(problem=f"takes more than {seconds:g} s of the processor")
    except Exception:  # noqa: BLE001 - that is what is looked for
        return Outcome(problem=traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _ring(*_: object) -> None:
    raise HungError


def _work(plan: Plan, shared: Any, folder: str) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    _silence_libraries()
    target = TARGETS[plan.name](Path(folder))
    while time.monotonic() < plan.until:
        shared.since = time.monotonic()
        seconds = _SLOW.get(plan.name, ALARM_SECONDS)
        outcome = attempt(target, draw_of(plan.seed, plan.name, shared.case), seconds)
        shared.tried += outcome.tried
        shared.accepted += outcome.accepted
        if outcome.problem:
            shared.bad += 1
            if shared.bad <= MOST_KEPT:
                keep(plan, shared.case, outcome.problem, target.evidence)
        shared.case += plan.jobs
        if plan.only_case is not None:
            return


def _silence_libraries() -> None:
    """Keep standard error to Python: libtiff and rapidgzip tell of every damaged file."""
    sys.stderr = os.fdopen(os.dup(2), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def keep(plan: Plan, case: int, problem: str, evidence: bytes, folder: Path = FOUND) -> None:
    """Write what was found, and how to see it again."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{plan.name}-{plan.seed}-{case}"
    jobs = f" JOBS={plan.jobs}" if plan.jobs > 1 else ""
    again = f"make fuzz ONLY={plan.name} SEED={plan.seed} CASE={case}{jobs}"
    path.with_suffix(".txt").write_text(f"{again}\n\n{problem}\n", encoding="utf-8")
    path.with_suffix(".bin").write_bytes(evidence)
    _say(f"FOUND {again}: {problem.strip().splitlines()[-1][:300]}")


def run_target(plan: Plan) -> tuple[int, int, int]:
    """Run one target until its time is over; how many inputs were tried, accepted, wrong."""
    jobs = range(plan.jobs) if plan.only_case is None else [plan.only_case]
    with ThreadPoolExecutor(len(jobs)) as threads:
        done = list(threads.map(partial(_run_job, plan), jobs))
    tried, accepted, bad = (sum(x) for x in zip(*done, strict=True))
    return tried, accepted, bad


def _run_job(plan: Plan, first: int) -> tuple[int, int, int]:
    """Run the cases of one job, whatever becomes of its processes."""
    context = multiprocessing.get_context("spawn")
    shared = context.Value(Counts, first, time.monotonic(), 0, 0, 0, lock=False)
    tell = _teller(plan.name, shared)
    while time.monotonic() < plan.until:
        # The name is in the inputs: the same seed is to give the same bytes.
        name = f"fuzz-{plan.name}-{plan.seed}-{first % plan.jobs}"
        folder = os.path.join(tempfile.gettempdir(), name)
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
        shared.since = time.monotonic()
        process = context.Process(target=_work, args=(plan, shared, folder))
        process.start()
        while process.is_alive() and time.monotonic() < shared.since + _DEAD_SECONDS:
            process.join(0.2)
            tell()
        died = process.exitcode != 0
        if process.is_alive():
            process.kill()
        process.join()
        shutil.rmtree(folder, ignore_errors=True)
        if died:
            shared.bad += 1
            shared.tried += 1
            keep(plan, shared.case, f"the process ended with {process.exitcode}", b"")
            shared.case += plan.jobs
        if plan.only_case is not None or (died and shared.case == first + plan.jobs):
            break  # it cannot even be prepared
    return shared.tried, shared.accepted, shared.bad


def _teller(name: str, shared: Any) -> Callable[[], None]:
    """Tells now and then how far a target is."""
    start = due = time.monotonic()

    def tell() -> None:
        nonlocal due
        now = time.monotonic()
        if now >= due:
            due = now + _TELL_SECONDS
            rate = shared.tried / max(1, now - start)
            _say(f"{name}: case {shared.case:,}, {shared.tried:,} tried, {rate:,.0f} a second")

    return tell


def main() -> int:
    """Run the targets in turn, tell what was found, and write the page."""
    given = _arguments()
    seed = random.SystemRandom().randrange(2**32) if given.seed is None else given.seed
    names = [given.only] if given.only else list(TARGETS)
    _say(f"seed {seed}")
    shares = sum(TARGETS[name].share for name in names)
    bad, fresh = 0, given.fresh
    for name in names:
        seconds = given.minutes * 60 * TARGETS[name].share / shares
        start = time.monotonic()
        counts = run_target(Plan(name, seed, start + seconds, given.case, given.jobs))
        bad += counts[-1]
        numbers = (*counts, round(time.monotonic() - start))
        _say("{}: {:,} tried, {:,} accepted, {} wrong in {:,} s".format(name, *numbers))
        if given.case is None:
            row = (TARGETS[name].what, *numbers, f"`make fuzz ONLY={name}`")
            add_to_table("fuzz", HEADER, [row], seed, fresh=fresh)
            fresh = False
    return int(bad > 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--only", choices=TARGETS)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--case", type=int)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--fresh", action="store_true", help="forget the figures on the page")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    os.environ["GDAL_NUM_THREADS"] = "1"
    sys.exit(main())
