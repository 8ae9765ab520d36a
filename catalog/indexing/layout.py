"""Which files a catalog is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from catalog.errors import OutputError
from catalog.store.report import ITEM_FILES
from catalog.store.staging import PARTITION_KEYS

if TYPE_CHECKING:
    from catalog.store.report import Report


class Layout(NamedTuple):
    """Which files a catalog has: what the report says of them, by the same names."""

    items: str = ITEM_FILES[0]
    """Whether every item has a file, `files`, or is in the table alone, `none`."""
    partition: str | None = None
    """What the table is partitioned by once more; None if it is not."""

    @property
    def has_item_files(self) -> bool:
        """Whether every item has a file."""
        return self.items == ITEM_FILES[0]


def checked_layout(
    items: str | None, partition: str | None, known: Report | None, *, previews: bool
) -> Layout:
    """What was asked for; what was not, as the catalog has it that is added to.

    Raises
    ------
    OutputError
        If there is no such choice, or previews are wanted where there are no items to lie beside.
    """
    before = Layout(known.items, known.partition) if known else Layout()
    layout = Layout(
        before.items if items is None else items,
        before.partition if partition is None else partition,
    )
    if layout.items not in ITEM_FILES:
        raise OutputError(f"items cannot be {items!r}: name one of {', '.join(ITEM_FILES)}")
    if layout.partition not in (None, *PARTITION_KEYS):
        known_keys = ", ".join(PARTITION_KEYS)
        raise OutputError(f"partition cannot be {partition!r}: name one of {known_keys}")
    if previews and not layout.has_item_files:
        raise OutputError("previews need the files of items: give items='files'")
    return layout
