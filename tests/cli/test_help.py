"""Every command explains itself."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from catalog.cli import sen12ms

if TYPE_CHECKING:
    from tests.cli.conftest import Run
    from tests.conftest import Golden, Small

COMMANDS = sorted(sen12ms.commands)


def test_commands_are_these_at_least() -> None:
    assert set(COMMANDS) >= {"demo", "index", "select", "sql", "info", "check"}


def test_help_reads_well(run: Run, golden: Golden) -> None:
    result = run("--help")
    assert (result.code, result.err) == (0, "")
    golden.check("cli/help/sen12ms.txt", result.out)


def test_help_lists_every_command_with_a_sentence(run: Run) -> None:
    listed = dict(re.findall(r"^  (\w+)  +(\S.*)$", run("--help").out, re.MULTILINE))
    assert {name for name in listed if name in COMMANDS} == set(COMMANDS)
    for name in COMMANDS:
        assert listed[name].endswith("."), "the sentence is not cut off"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_reads_well(run: Run, golden: Golden, name: str) -> None:
    result = run(name, "--help")
    assert (result.code, result.err) == (0, "")
    golden.check(f"cli/help/{name}.txt", result.out)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_80_columns(run: Run, name: str) -> None:
    assert max(map(len, run(name, "--help").out.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_of_that_command(run: Run, name: str) -> None:
    assert f"Example: sen12ms {name} " in run(name, "--help").out


@pytest.mark.parametrize("name", COMMANDS)
def test_example_in_the_help_is_one_line(run: Run, name: str) -> None:
    after = run(name, "--help").out.split("Example: ")[1].splitlines()[1]
    assert after == "", "a command that is broken cannot be copied"


@pytest.mark.parametrize("name", ["select", "sql", "info", "check"])
def test_example_in_the_help_works(run: Run, small: Small, name: str) -> None:
    text = run(name, "--help").out.split("Example: sen12ms ")[1].split("\n\n")[0]
    words = shlex.split(" ".join(text.split()))
    result = run(*(str(small.out) if word == "OUT" else word for word in words))
    assert result.code == 0, result.err


@pytest.mark.parametrize("name", COMMANDS)
def test_short_help_option_works(run: Run, name: str) -> None:
    assert run(name, "-h") == run(name, "--help")


def parameters() -> list[tuple[str, click.Parameter]]:
    return [(name, entry) for name, found in sen12ms.commands.items() for entry in found.params]


@pytest.mark.parametrize(
    ("name", "option"),
    [(name, entry) for name, entry in parameters() if isinstance(entry, click.Option)],
    ids=lambda value: value if isinstance(value, str) else value.opts[-1],
)
def test_option_says_what_it_does_in_a_sentence(name: str, option: click.Option) -> None:
    assert option.help
    assert option.help.endswith(".") or option.show_default


@pytest.mark.parametrize("name", COMMANDS)
def test_arguments_have_names_that_the_text_explains(run: Run, name: str) -> None:
    arguments = [
        entry for entry in sen12ms.commands[name].params if isinstance(entry, click.Argument)
    ]
    body = run(name, "--help").out.split("\n\n", 1)[1]
    for argument in arguments:
        word = (argument.metavar or "").rstrip(".")
        assert word.isupper()
        assert word in body


def test_version_is_that_of_the_project(run: Run) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert run("--version").out == f"sen12ms, version {project['project']['version']}\n"


def test_no_command_is_help_and_a_usage_error(run: Run) -> None:
    result = run()
    assert (result.code, result.out) == (2, "")
    assert result.err == run("--help").out
