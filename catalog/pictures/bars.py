"""Bars: how many patches there are of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.pictures.canvas import FAINT, INK, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes


def draw_bars(
    axes: Axes, name: str, counts: Sequence[tuple[str, int]], colors: Sequence[str]
) -> None:
    """Draw horizontal bars, the first on top.

    Parameters
    ----------
    axes : matplotlib Axes
        Where.
    name : str
        What is counted.
    counts : sequence of (str, int)
        Kinds and how many there are.
    colors : sequence of str
        `#rrggbb` of each kind.
    """
    positions = list(range(len(counts)))
    numbers = [count for _, count in counts]
    axes.barh(positions, numbers, color=colors, edgecolor=INK, linewidth=0.4, height=0.74)
    most, total = max(numbers, default=1) or 1, sum(numbers) or 1
    for position, number in zip(positions, numbers, strict=True):
        text = f" {number:,}  " + (f"{number / total:.0%}" if number else "")
        axes.text(number + most * 0.01, position, text, va="center", fontsize=7.5, color=INK)
    axes.set_yticks(positions, [kind.replace("_", " ") for kind, _ in counts])
    axes.tick_params(axis="y", length=0, labelsize=8, labelcolor=INK)
    axes.tick_params(axis="x", bottom=False, labelbottom=False)
    axes.set_ylim(len(counts) - 0.4, -0.6)
    axes.set_xlim(0, most * 1.35)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color(FAINT)
    title(axes, name)
