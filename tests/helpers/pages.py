"""Pages of the documentation: what they show as shell and Python, and what runs it."""

from __future__ import annotations

import re
import subprocess
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = ("README.md", "docs/tutorial.md", *sorted(
    path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "how-to").glob("*.md")
))  # fmt: skip
NOT_HERE: Final = re.compile(r"^(make|pip) |sen12ms serve")
"""Commands that install, build or serve."""


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """Language and text of what a page shows as Python and shell."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for match in re.finditer(r"^```(python|bash)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield match[1], match[2]


def run_in_shell(block: str) -> str:
    """What a block writes to standard output, without the commands that are not for here."""
    lines = [line for line in block.splitlines() if not NOT_HERE.search(line)]
    command = ["bash", "-euo", "pipefail", "-c", "\n".join(lines)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode in (0, 141), done.stderr  # 141: `head` had enough
    return done.stdout


def run_in_python(block: str, names: dict[str, object]) -> None:
    """Run a block with what the blocks before have defined."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other libraries
        try:
            exec(compile(block, "page", "exec"), names)
        except ImportError as error:
            if "catalog" in str(error.name):
                raise
            pytest.skip(f"{error.name} is an optional extra")
