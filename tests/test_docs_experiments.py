"""The page on experiments runs as it stands, on a few patches of the demo's scenes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from catalog import index
from catalog.cli.demo import SCENES
from catalog.source.synthetic import write_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parent.parent / "docs" / "experiments.md"
TRAINING = "## Train\n"


def blocks(text: str) -> Iterator[str]:
    return (match[1] for match in re.finditer(r"```python\n(.*?)```", text, re.DOTALL))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sen12ms demo demo` makes, with three patches a scene in place of 49."""
    folder = tmp_path_factory.mktemp("page")
    root = folder / "demo" / "SEN12MS"
    for scene in SCENES:
        for _ in write_scene(root, replace(scene, patches=scene.patches[:3])):
            pass
    index(root, into=folder / "demo" / "catalog", workers=1)
    return folder


@pytest.fixture(scope="module")
def names(demo: Path) -> Iterator[dict[str, object]]:
    """What the blocks before the training have defined, in the folder of the demo."""
    pytest.importorskip("matplotlib", reason="matplotlib is an optional extra")
    names: dict[str, object] = {"__name__": "page"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(demo)
        run(PAGE.read_text(encoding="utf-8").partition(TRAINING)[0], names)
        yield names


def run(text: str, names: dict[str, object]) -> None:
    for number, block in enumerate(blocks(text)):
        exec(compile(block, f"block {number}", "exec"), names)


@pytest.mark.slow
@pytest.mark.usefixtures("names")
def test_page_runs_from_the_question_to_the_pictures(demo: Path) -> None:
    for name in ("leakage.png", "train.parquet", "val.json", "test.txt", "train.png"):
        assert (demo / name).stat().st_size > 0


@pytest.mark.slow
def test_page_trains(names: dict[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="PyTorch is an optional extra")
    run(PAGE.read_text(encoding="utf-8").partition(TRAINING)[2], names)
    assert "epoch 1: loss " in capsys.readouterr().out


def test_pictures_of_the_page_are_there() -> None:
    found = re.findall(r"!\[.+?\]\((.+?)\)", PAGE.read_text(encoding="utf-8"))
    assert found
    assert all((PAGE.parent / name).is_file() for name in found)
