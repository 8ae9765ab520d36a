"""What others rely on beside the code: versions that agree, and annotations that count."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
DIRECT = [
    requirement
    for name, requirements in {"": PROJECT["dependencies"], **EXTRAS}.items()
    if "torch" not in name
    for requirement in map(Requirement, requirements)
    if requirement.name != PROJECT["name"]
]
PINNED = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if not line.startswith("#")
]


def test_the_citation_and_the_command_tell_the_version_of_the_project() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == PROJECT["version"]
    assert version(PROJECT["name"]) == PROJECT["version"]


def test_the_annotations_of_the_package_count() -> None:
    assert (files("catalog") / "py.typed").is_file()


@pytest.mark.parametrize("requirement", DIRECT, ids=str)
def test_a_requirement_has_one_version_in_the_constraints(requirement: Requirement) -> None:
    pins = [pin for pin in PINNED if pin.name == requirement.name]
    assert pins, "run `make constraints`"
    for pin in pins:
        (exact,) = pin.specifier
        assert exact.operator == "=="
        assert exact.version in requirement.specifier


def test_every_classified_python_is_tested() -> None:
    classified = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    tested = re.search(r"python: \[(.+)\]", workflow)
    assert tested
    assert re.findall(r"3\.\d+", tested[1]) == classified
    assert PROJECT["requires-python"] == f">={classified[0]}"
