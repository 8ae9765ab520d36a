"""A catalog in numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from catalog.model import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, repr=False)
class CatalogInfo:
    """What a catalog holds."""

    name: str
    """Folder or table."""
    total: Mapping[str, Any]
    """Counts: `patches`, `scenes`, `countries`, `complete`, `without_s1` and so on, `with_issues`;
    and the extent, `west`, `south`, `east`, `north`, degrees (OGC:CRS84), None without patches. Of
    SEN12MS-CR also `with_cloud_cover`, and `least_`, `median_` and `most_cloud_cover`, percent."""
    by: Mapping[str, Sequence[Mapping[str, Any]]]
    """By `season`, `split`, `continent` and `dominant_cover`: a row per value, which is None where
    it is not known, with `patches`, and how many of them are `complete`; the most patches first."""

    @property
    def words(self) -> str:
        """The totals in a few words."""
        names = (("patches", "patch"), ("scenes", "scene"), ("countries", "country"))
        patches, scenes, countries = (counted(self.total[name], one) for name, one in names)
        return f"{patches} of {scenes} in {countries}, {self.total['complete']:,} complete"

    def as_dict(self) -> dict[str, Any]:
        """`total` and `by`, as `sen12ms info --json` prints them."""
        values = asdict(self)
        del values["name"]
        return values

    def __repr__(self) -> str:
        return f"<CatalogInfo {self.name}: {self.words}>"

    def _repr_html_(self) -> str:
        from catalog.pictures.cards import html_table

        tables = (
            html_table([*rows[0]], [[*row.values()] for row in rows])
            for rows in self.by.values()
            if rows
        )
        return f"<div><b>{escape(self.name)}</b><br>{escape(self.words)}{''.join(tables)}</div>"
