"""Side-by-side measurements: every contestant in turn, round after round, medians and ratios."""

from __future__ import annotations

import signal
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
MEASURED = pytest.StashKey[dict[str, "Bench"]]()


@dataclass
class Bench:
    """What one file of benchmarks measured."""

    lines: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    """Bars that do not hold."""

    def compare(
        self,
        title: str,
        contestants: Mapping[str, Callable[[], object]],
        *,
        units: int = 1,
        unit: str = "run",
        rounds: int = 5,
        fewer: Mapping[str, int] = MappingProxyType({}),
    ) -> dict[str, float]:
        """Median seconds a unit by name; the first contestant is ours, slow ones may get fewer."""
        times: dict[str, list[float]] = {name: [] for name in contestants}
        for contestant in contestants.values():
            contestant()
        for _ in range(rounds):
            for name, contestant in contestants.items():
                start = time.perf_counter()
                contestant()
                times[name].append((time.perf_counter() - start) / fewer.get(name, units))
        medians = {name: statistics.median(values) for name, values in times.items()}
        ours = next(iter(medians.values()))
        self.lines += [
            f"\n#### {title}\n",
            f"| what | µs per {unit} | ratio to ours |",
            "|---|--:|--:|",
        ]
        self.lines += [
            f"| {name} | {seconds * 1e6:,.1f} | {seconds / ours:,.2f} |"
            for name, seconds in medians.items()
        ]
        return medians

    def table(self, title: str, header: list[str], rows: list[list[str]]) -> None:
        """Any other result."""
        self.lines += [f"\n#### {title}\n", f"| {' | '.join(header)} |"]
        self.lines.append(f"|{'|'.join(['---'] + ['--:'] * (len(header) - 1))}|")
        self.lines += [f"| {' | '.join(row)} |" for row in rows]

    def bar(self, name: str, value: float, limit: str, *, held: bool) -> None:
        """A bar of the design, and whether it holds: a run with one that does not, fails."""
        told = f"{name}: {value:,.2f} ({limit})"
        self.lines.append(f"\nBar, {told}: {'held' if held else 'not held'}.")
        if not held:
            self.missed.append(told)


@pytest.fixture(scope="module")
def bench(request: pytest.FixtureRequest) -> Bench:
    name = request.node.path.stem.removeprefix("test_bench_")
    return request.config.stash.setdefault(MEASURED, {}).setdefault(name, Bench())


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, int]]:
    """The URL of a catalog, served by a process of its own, and the number of that."""
    program = "from catalog.cli import main; main()"
    command = [sys.executable, "-c", program, "serve", str(folder), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        yield process.stderr.readline().split()[-1], process.pid
        process.send_signal(signal.SIGINT)


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole catalog, as `index` writes it, of files that are not there."""
    from replica import write_catalog  # noqa: PLC0415 - not beside every copy of this file

    folder = tmp_path_factory.mktemp("full") / "catalog"
    write_catalog(folder)
    return folder


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where a bar is missed; the page is written all the same."""
    if session.exitstatus == pytest.ExitCode.OK and _missed(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what was measured; with `--update-golden`, write it into its place on the page."""
    for name, measured in config.stash.get(MEASURED, {}).items():
        text = "\n".join(measured.lines) + "\n"
        terminalreporter.write(f"\n{text}")
        if config.getoption("--update-golden"):
            PAGE.write_text(_with(PAGE.read_text(encoding="utf-8"), name, text), encoding="utf-8")
    for told in _missed(config):
        terminalreporter.write_line(f"Bar not held: {told}", red=True)


def _missed(config: pytest.Config) -> list[str]:
    return [
        told for measured in config.stash.get(MEASURED, {}).values() for told in measured.missed
    ]


def _with(page: str, name: str, text: str) -> str:
    """The page with new figures in the place of that name, which it has at its end if it is new."""
    begin, end = f"<!-- {name}: written by `make bench` -->\n", f"<!-- end of {name} -->\n"
    before, found, rest = page.partition(begin)
    after = rest.partition(end)[2]
    return f"{before if found else page}{begin}{text}{end}{after}"
