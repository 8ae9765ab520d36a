"""Pickled lists of names: their instructions are read, and none but those of such a list exists.

A pickle can run any code, and a few bytes of it can take all memory: `pickle` is not asked.
"""

from __future__ import annotations

import pickle
import pickletools
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MARK: Final = object()
_FRAME_BYTES: Final = 9
"""Of the instruction that starts a frame."""


class PickledNamesError(Exception):
    """A pickle is not a list of names; the message says why."""


def names_in_pickle(data: bytes) -> list[str]:
    """The names in a pickled list.

    Raises
    ------
    PickledNamesError
        If it is a pickle of anything else, or damaged.
    ValueError
        If it is not a pickle.
    """
    machine = _Machine(len(data))
    for instruction, value, position in pickletools.genops(data):
        act = _ACTIONS.get(instruction.name)
        if act is None:
            raise PickledNamesError(f"it has a {instruction.name}")
        try:
            act(machine, value, position or 0)
        except (LookupError, ValueError) as error:
            raise PickledNamesError(f"its {instruction.name} is damaged") from error
    return machine.names()


class _Machine:
    """A stack with one list, its marks and its texts, as pickle would have them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._list: list[object] | None = None
        self._stack: list[object] = []
        self._memo: dict[int, object] = {}

    def names(self) -> list[str]:
        """What is left in the end."""
        if self._list is None:
            raise PickledNamesError("it holds no list")
        names = [name for name in self._list if isinstance(name, str)]
        if len(names) < len(self._list) or self._stack != [self._list]:
            raise PickledNamesError("it is damaged")
        return names

    def check_protocol(self, value: int, _: int) -> None:
        if value > pickle.HIGHEST_PROTOCOL:
            raise ValueError(value)

    def check_frame(self, value: int, position: int) -> None:
        if position + _FRAME_BYTES + value > self._size:
            raise ValueError(value)

    def push(self, value: object, _: int = 0) -> None:
        self._stack.append(value)

    def mark(self, *_: Any) -> None:
        self.push(_MARK)

    def put(self, value: int | None, _: int) -> None:
        if self._stack[-1] is _MARK:
            raise ValueError(value)
        self._memo[len(self._memo) if value is None else int(value)] = self._stack[-1]

    def get(self, value: int, _: int) -> None:
        self.push(self._memo[int(value)])

    def new_list(self, *_: Any) -> None:
        if self._list is not None:
            raise PickledNamesError("it has a second list")
        self._list = []
        self.push(self._list)

    def list_from_mark(self, *_: Any) -> None:
        items = self._popped()
        self.new_list()
        self._extend(items)

    def append(self, *_: Any) -> None:
        self._extend([self._stack.pop()])

    def appends(self, *_: Any) -> None:
        self._extend(self._popped())

    def stop(self, *_: Any) -> None:
        pass

    def _extend(self, items: list[object]) -> None:
        if self._list is None or self._stack[-1] is not self._list:
            raise ValueError(items)
        self._list += items

    def _popped(self) -> list[object]:
        """What lies above the last mark."""
        start = max(at for at, value in enumerate(self._stack) if value is _MARK)
        items = self._stack[start + 1 :]
        del self._stack[start:]
        return items


_ACTIONS: Final[Mapping[str, Callable[[_Machine, Any, int], None]]] = {
    "PROTO": _Machine.check_protocol,
    "FRAME": _Machine.check_frame,
    "EMPTY_LIST": _Machine.new_list,
    "LIST": _Machine.list_from_mark,
    "MARK": _Machine.mark,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "STOP": _Machine.stop,
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    **dict.fromkeys(("STRING", "BINSTRING", "SHORT_BINSTRING"), _Machine.push),
    **dict.fromkeys(("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"), _Machine.push),
}
"""All that a pickled list of texts is made of, in every protocol."""
