"""`where` and `cover` expressions: true ones, damaged ones, hostile ones."""

from __future__ import annotations

import csv
import operator
from typing import TYPE_CHECKING, Any, Final

from asked import Asked
from mutations import mutate
from outcome import Outcome
from real_files import DATA
from small import rows_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

_ATOMS: Final = (
    *("season = 'summer'", "split = 'train'", "country IS NULL", "patch % 2 = 0", "scene > 100"),
    *("cover.forest > 0.2", "igbp.savannas + igbp.grasslands < 0.5", "lon BETWEEN 0 AND 20"),
    *("ST_Area(geometry) > 0", "lat IN (1, 2)", "complete", "len(issues) = 0", "s1 LIKE '%p3%'"),
    *("dominant_cover = (SELECT min(dominant_cover) FROM patches)", "random() < 2", "NULL"),
    *("id = 'x' OR 1 = 1", "1/0 > 1", "'a' < 5", "exists(SELECT 1 FROM scenes)", "labels(igbp, 1)"),
)
_HOSTILE: Final = (
    *("(SELECT count(*) FROM read_csv('{}')) > 0", "(SELECT count(*) FROM '{}') >= 0"),
    *("EXISTS (SELECT * FROM read_text('{}'))", "EXISTS (SELECT * FROM glob('{}*'))"),
    *("EXISTS (SELECT * FROM ST_Read('{}'))", "EXISTS (SELECT * FROM read_blob('{}'))"),
    *("true; COPY patches TO '{}'", "true); COPY patches TO '{}' --", "true; ATTACH '{}' AS x"),
    *("true) UNION SELECT * FROM read_csv('{}') --", "EXISTS (SELECT * FROM query('FROM ''{}'''))"),
    *("true; DROP VIEW patches", "true; SET enable_external_access = true", "true; LOAD '{}'"),
)
_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}


class Conditions:
    """Only CatalogErrors; the SQL says the same in plain DuckDB; nothing outside is touched."""

    name = "conditions"
    what = "`where` and `cover` expressions; oracles: plain DuckDB, counts of pixels, inotify"
    share = 3

    def __init__(self, folder: Path) -> None:
        self.asked = Asked(folder)
        self.rows = sorted(rows_of(self.asked.out), key=lambda row: row["id"])
        self.classes = _cover_classes()
        self.evidence = b""

    def run(self, draw: random.Random) -> Outcome:
        """One expression of one of the kinds."""
        if draw.random() < 0.3:
            return self._run_cover(draw)
        text = _where(draw).format(self.asked.secret)
        if draw.random() < 0.4:
            text = mutate(text.encode(), draw).data.decode("utf-8", "replace")
        self.evidence = text.encode()
        found, problem = self.asked.ids(where=text)
        return Outcome(1, found is not None, problem)

    def _run_cover(self, draw: random.Random) -> Outcome:
        name, sign = draw.choice(list(self.classes)), draw.choice(list(_OPERATORS))
        percent = draw.choice((0, 1, 5, 10, 25, 50, 100, draw.randrange(101)))
        text = (
            f"{name}{sign}{percent}%" if draw.random() < 0.5 else f"{name} {sign} {percent / 100}"
        )
        damaged = draw.random() < 0.4
        if damaged:
            text = mutate(text.encode(), draw).data.decode("utf-8", "replace")
        self.evidence = text.encode()
        found, problem = self.asked.ids(cover=[text])
        if damaged or problem:
            return Outcome(1, found is not None, problem)
        limit = percent / 100
        true = [row["id"] for row in self.rows if _OPERATORS[sign](self._share(row, name), limit)]
        if found is None or sorted(found) != true:
            problem = f"counted from pixels it is {true}"
        return Outcome(1, found is not None, problem)

    def _share(self, row: dict[str, Any], name: str) -> float:
        counts = row["sen12ms:igbp"]
        return float(sum(counts[member] for member in self.classes[name]) / 65_536)


def _where(draw: random.Random) -> str:
    if draw.random() < 0.3:
        return draw.choice(_HOSTILE)
    parts = [draw.choice(_ATOMS) for _ in range(draw.randint(1, 4))]
    text = parts[0]
    for part in parts[1:]:
        text = draw.choice(("{} AND {}", "({}) OR ({})", "NOT ({}) AND {}")).format(text, part)
    return text


def _cover_classes() -> dict[str, list[str]]:
    """Classes of IGBP by the simplified class."""
    covers: dict[str, list[str]] = {}
    with (DATA.parents[1] / "catalog/datasets/sen12ms/landcover_classes.csv").open(
        encoding="utf-8"
    ) as file:
        for row in csv.DictReader(file):
            if row["cover"]:
                covers.setdefault(row["cover"], []).append(row["class"])
    return covers
