"""STAC Browser: where it was built, how it is told of the catalog, and where else there is one."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Final

VERSION: Final = "4.0.1"
HOSTED: Final = "https://radiantearth.github.io/stac-browser/#/external/"
"""The one that its authors host; the URL of a catalog follows, without its protocol's colon."""

_NPM: Final = Path(__file__).with_name("npm")
LOCK: Final = _NPM / "package-lock.json"
"""Versions and checksums of all that it is built with."""
BASEMAPS: Final = _NPM / "basemaps.config.js"
"""Takes the place of its own list of basemaps."""
EDITS: Final = _NPM / "edits.toml"
"""What else is changed in its source."""


def browser_folder() -> Path:
    """Where `build_browser` puts it: another folder for each version of what it is built from."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    made_from = b"".join(path.read_bytes() for path in (LOCK, BASEMAPS, EDITS))
    digest = hashlib.sha256(made_from).hexdigest()
    return Path(cache) / "sen12ms-catalog" / f"stac-browser-{VERSION}-{digest[:12]}"


def hosted_url(catalog: str) -> str:
    """The hosted STAC Browser, opened on the URL of a catalog."""
    return HOSTED + catalog.replace("://", ":/", 1)


def config_script(base: str, title: str) -> str:
    """`config.js`, which it runs before it starts.

    Parameters
    ----------
    base : str
        URL of this server, with a slash at its end.
    title : str
        Name of the catalog.
    """
    config = {
        # Paths below the folder of this URL are of the catalog: the static one is as well.
        "catalogUrl": f"{base}api",
        "catalogTitle": title,
        "pathPrefix": "/browser/",
        "historyMode": "hash",
        "allowExternalAccess": False,
        "supportedLocales": ["en"],
        "detectLocaleFromBrowser": False,
        "storeLocale": False,
        "socialSharing": [],
        "displayOverview": False,
        "cardViewSort": None,
        "showThumbnailsAsAssets": True,
        "footerLinks": [{"label": "Map", "url": base}],
    }
    basemaps = [
        {
            "title": "Countries",
            "url": f"{base}browser/countries.json",
            "attributions": "Natural Earth",
        }
    ]
    return (
        f"window.STAC_BROWSER_CONFIG = {json.dumps(config)};\n"
        f"window.STAC_BROWSER_BASEMAPS = {json.dumps(basemaps)};\n"
    )
