"""Side-by-side measurements: every contestant in turn, round after round, medians and ratios."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN = "<!-- Written by `make bench`. -->\n"
END = "<!-- End of what `make bench` wrote. -->\n"


@dataclass
class Bench:
    """What was measured in this session."""

    lines: list[str] = field(default_factory=list)

    def compare(
        self,
        title: str,
        contestants: Mapping[str, Callable[[], object]],
        *,
        units: int = 1,
        unit: str = "run",
        rounds: int = 5,
    ) -> dict[str, float]:
        """Median seconds a unit by name; the first contestant is ours."""
        times: dict[str, list[float]] = {name: [] for name in contestants}
        for contestant in contestants.values():
            contestant()
        for _ in range(rounds):
            for name, contestant in contestants.items():
                start = time.perf_counter()
                contestant()
                times[name].append((time.perf_counter() - start) / units)
        medians = {name: statistics.median(values) for name, values in times.items()}
        ours = next(iter(medians.values()))
        self.lines += [
            f"\n### {title}\n",
            f"| what | µs a {unit} | ratio to ours |",
            "|---|--:|--:|",
        ]
        self.lines += [
            f"| {name} | {seconds * 1e6:,.1f} | {seconds / ours:,.2f} |"
            for name, seconds in medians.items()
        ]
        return medians

    def table(self, title: str, header: list[str], rows: list[list[str]]) -> None:
        """Any other result."""
        self.lines += [f"\n### {title}\n", f"| {' | '.join(header)} |"]
        self.lines.append(f"|{'|'.join(['---'] + ['--:'] * (len(header) - 1))}|")
        self.lines += [f"| {' | '.join(row)} |" for row in rows]

    def bar(self, name: str, value: float, limit: str, *, held: bool) -> None:
        """A bar of the design, and whether it holds."""
        self.lines.append(f"\nBar, {name}: {value:,.2f} ({limit}): {'held' if held else 'MISSED'}.")


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    measured = Bench()
    yield measured
    text = "\n".join(measured.lines) + "\n"
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    assert reporter is not None
    reporter.write(f"\n{text}")
    if request.config.getoption("--update-golden"):
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}{text}{END}{after}", encoding="utf-8")
