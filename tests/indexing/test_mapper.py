"""Tasks are done once each, by however many processes, and tell how far they are meanwhile."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from catalog.indexing.mapper import run_tasks

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("tasks", [0, 1, 2, 17])
def test_every_task_is_done_once(workers: int, tasks: int) -> None:
    def square(number: int, shift: int) -> tuple[int, int]:
        return number * number + shift, os.getpid()

    results = list(run_tasks(square, [(number, 1) for number in range(tasks)], workers))
    assert sorted(result for result, _ in results) == [n * n + 1 for n in range(tasks)]
    elsewhere = {process for _, process in results} - {os.getpid()}
    assert bool(elsewhere) == (workers > 1 and tasks > 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_tasks_tell_is_heard_while_they_run(workers: int) -> None:
    def count(tell: Callable[[Any], None], number: int) -> int:
        for step in range(4):
            tell((number, step))
            time.sleep(0.2)
        return number

    heard: list[tuple[int, int]] = []
    done_when_heard: list[int] = []
    done: list[int] = []

    def hear(told: tuple[int, int]) -> None:
        heard.append(told)
        done_when_heard.append(len(done))

    done.extend(run_tasks(count, [(number,) for number in range(3)], workers, hear))
    assert sorted(done) == [0, 1, 2]
    assert sorted(heard) == [(number, step) for number in range(3) for step in range(4)]
    for number in range(3):
        steps = [step for told, step in heard if told == number]
        assert steps == sorted(steps)
    assert done_when_heard[0] == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_task_is_raised(workers: int) -> None:
    def fail(number: int) -> int:
        return 1 // number

    with pytest.raises(ZeroDivisionError):
        list(run_tasks(fail, [(1,), (0,), (1,)], workers))
