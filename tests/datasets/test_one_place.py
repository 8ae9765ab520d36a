"""What the second dataset is, its definition says; code elsewhere does not ask for it by name."""

from __future__ import annotations

import ast
import re
from importlib.resources import files
from pathlib import Path

PACKAGE = Path(str(files("catalog")))
SYNTHETIC = {"source/planet.py"}
"""What invents the pixels of cloudy images."""
NAMED = re.compile(r"s2_cloudy|sen12ms[-_]cr", re.IGNORECASE)


def names_in(path: Path) -> bool:
    """Whether a module compares with, or looks up, a name of SEN12MS-CR; prose does not count."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        text = node.value if isinstance(node, ast.Constant) else getattr(node, "id", "")
        if isinstance(text, str) and " " not in text and NAMED.search(text):
            return True
    return False


def test_only_definitions_name_the_second_dataset() -> None:
    paths = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    assert names_in(paths["datasets/__init__.py"])
    found = {name for name, path in paths.items() if names_in(path)}
    assert {name for name in found if not name.startswith("datasets/")} == SYNTHETIC


def test_the_map_page_does_not_name_it() -> None:
    scripts = [*(PACKAGE / "viewer" / "page" / "map").glob("*.js")]
    assert scripts
    assert not [path for path in scripts if NAMED.search(path.read_text("utf-8"))]
