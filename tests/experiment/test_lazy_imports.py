"""What is optional or slow is imported when it is used."""

from __future__ import annotations

import os
import subprocess
import sys


def output_of(code: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    return result.stdout


def test_optional_packages_are_imported_when_they_are_used() -> None:
    code = (
        "import sys, catalog, catalog.cli\n"
        "from catalog.experiment import Target, leakage, sample, split\n"
        "print(sorted({'torch', 'matplotlib'} & set(sys.modules)))"
    )
    assert output_of(code) == "[]\n"


def test_without_torch_the_remedy_is_told() -> None:
    code = (
        "import sys\n"
        "sys.modules['torch'] = None\n"
        "from catalog.errors import MissingExtraError\n"
        "try:\n"
        "    from catalog.experiment import PatchDataset\n"
        "except MissingExtraError as error:\n"
        "    print(error)"
    )
    remedy = "PatchDataset needs PyTorch: pip install 'sen12ms-catalog[torch]'\n"
    assert output_of(code) == remedy
