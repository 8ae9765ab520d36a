"""Build STAC Browser from npm into a cache folder, once.

    pack ─► check its SHA-512 ─► adapt ─► npm ci ─► build ─► cache

Nothing built is committed. `npm/edits.toml` has the changes to its source. `npm/package-lock.json`
names the version and the SHA-512 of each of the packages that it is built with, and
`python -m catalog.server.build_browser` makes that file anew. No script of a package is run. The
result asks no other server: basemaps come from the runtime configuration, and buttons that open an
asset on some website are left out.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from catalog.errors import ServeError
from catalog.server.stac_browser import BASEMAPS, EDITS, LOCK, VERSION, browser_folder

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME: Final = "@radiantearth/stac-browser"
_INTEGRITY: Final = (
    "sha512-Nu3pZzkJXfaS8JpsY1SjABMgr8W9swNmVa8RJoRetuDeMQ1+YibBRluC7G9ugzE/"
    "QECHD/9n3/8W/Ksz+UAC7w=="
)
_PINNED: Final = {"ol-stac": "1.1.0"}  # the last one that STAC Browser 4.0.1 builds with
_MINUTES: Final = 20

_INSTALL_FLAGS: Final = ("--ignore-scripts", "--no-audit", "--no-fund", "--include=dev")
_ENVIRONMENT: Final = {
    "SB_pathPrefix": "./",
    "SB_historyMode": "hash",
    "SB_noSourceMaps": "true",
    "VUE_CLI_DISABLE_UPDATE_CHECK": "1",
    "BROWSERSLIST_IGNORE_OLD_DATA": "1",
    "CI": "1",
}
_DROPPED: Final = frozenset({"resolved", "license", "funding", "engines", "deprecated"})
"""What of a package the lock file leaves out; where to download it from is npm's business."""


def build_browser(tell: Callable[[str], None]) -> Path:
    """Build STAC Browser into the cache folder, unless it is there.

    Parameters
    ----------
    tell : callable
        Told what happens, a sentence at a time.

    Returns
    -------
    Path
        The folder, with `stac-browser` in it.

    Raises
    ------
    ServeError
        If npm is missing, or fails.
    """
    target = browser_folder()
    if target.is_dir():
        tell(f"STAC Browser {VERSION} is in {target} already.")
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="build-") as work:
        tell(f"Fetching STAC Browser {VERSION} from npm …")
        source = _unpack(Path(work))
        _adapt(source)
        tell("Installing what it is built with, some 400 MB for the time being …")
        shutil.copy(LOCK, source / "package-lock.json")
        _run("npm", "ci", *_INSTALL_FLAGS, folder=source)
        tell("Building it, which takes a minute …")
        _run("node", "node_modules/@vue/cli-service/bin/vue-cli-service.js", "build", folder=source)
        built = _assemble(source, Path(work) / "built")
        os.replace(built, target)
    tell(f"STAC Browser {VERSION} is in {target}.")
    return target


def renew_lock() -> None:
    """Let npm choose versions anew, and write them to the lock file."""
    with tempfile.TemporaryDirectory() as work:
        source = _unpack(Path(work))
        _adapt(source)
        _run("npm", "install", "--package-lock-only", *_INSTALL_FLAGS, folder=source)
        lock = json.loads((source / "package-lock.json").read_text(encoding="utf-8"))
    Path(LOCK).write_text(format_lock(lock), encoding="utf-8")


def format_lock(lock: dict[str, Any]) -> str:
    """A lock file with one line per package."""
    packages = {
        path: {key: value for key, value in package.items() if key not in _DROPPED}
        for path, package in lock.pop("packages").items()
    }
    lines = [f"{json.dumps(path)}: {json.dumps(package)}" for path, package in packages.items()]
    head = json.dumps(lock).removesuffix("}")
    return f'{head}, "packages": {{\n' + ",\n".join(lines) + "\n}}\n"


def _unpack(work: Path) -> Path:
    """The source of STAC Browser, checked."""
    _run("npm", "pack", "--silent", "--pack-destination", str(work), f"{_NAME}@{VERSION}")
    (archive,) = work.glob("*.tgz")
    digest = hashlib.sha512(archive.read_bytes()).digest()
    found = f"sha512-{base64.b64encode(digest).decode()}"
    if found != _INTEGRITY:
        raise ServeError(f"npm gave a {archive.name} of {found}, not {_INTEGRITY}: try again")
    with tarfile.open(archive) as members:
        members.extractall(work)  # noqa: S202 - the digest says who wrote it
    return work / "package"


def _adapt(source: Path) -> None:
    package = json.loads((source / "package.json").read_text(encoding="utf-8"))
    package["dependencies"] |= _PINNED
    (source / "package.json").write_text(json.dumps(package, indent=2), encoding="utf-8")
    shutil.copy(BASEMAPS, source / "basemaps.config.js")
    for name in ("assetActions.config.js", "linkActions.config.js"):
        (source / name).write_text("export default {};\n", encoding="utf-8")
    for edit in tomllib.loads(EDITS.read_text(encoding="utf-8"))["edit"]:
        path = source / edit["file"]
        text = path.read_text(encoding="utf-8")
        if text.count(edit["old"]) != 1:
            raise ServeError(f"{path.name} of STAC Browser has no {edit['old']!r}, or several")
        path.write_text(text.replace(edit["old"], edit["new"]), encoding="utf-8")


def _assemble(source: Path, built: Path) -> Path:
    """What is served, and its licences."""
    shutil.copytree(source / "dist", built / "stac-browser")
    shutil.copy(source / "LICENSE", built / "stac-browser")
    return built


def _run(*command: str, folder: Path | None = None) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise ServeError(
            f"there is no {command[0]} to build STAC Browser with: install Node.js 18 or later"
        )
    environment = {name: value for name, value in os.environ.items() if name != "NODE_ENV"}
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are constants of this file
            [program, *command[1:]],
            cwd=folder,
            env=environment | _ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_MINUTES * 60,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ServeError(f"`{' '.join(command)}` is not done after {_MINUTES} minutes") from error
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-2000:]
        raise ServeError(f"`{' '.join(command)}` failed with {done.returncode}: {said}")


if __name__ == "__main__":
    renew_lock()
