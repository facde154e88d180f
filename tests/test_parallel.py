"""Work done ahead by threads comes back in order, bounded, and its errors at their turn."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from googlenet.parallel import available_cpus, in_batches, map_in_order


@given(st.lists(st.integers(), max_size=20), st.integers(1, 3), st.integers(0, 30))
def test_results_come_in_the_order_of_the_items(items: list[int], workers: int, ahead: int) -> None:
    assert list(map_in_order(str, items, workers=workers, ahead=ahead)) == [str(item) for item in items]


def test_a_slow_first_item_holds_back_the_others_but_not_their_work() -> None:
    others_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert others_done.wait(10)
        if item == 3:
            others_done.set()
        return item

    assert list(map_in_order(work, range(4), workers=2, ahead=4)) == [0, 1, 2, 3]


def test_an_endless_source_is_read_only_as_far_ahead_as_allowed() -> None:
    taken = []

    def source() -> Iterator[int]:
        for number in count():
            taken.append(number)
            yield number

    assert list(islice(map_in_order(lambda number: number, source(), ahead=5), 3)) == [0, 1, 2]
    assert len(taken) == 3 + 5, "the reader's while is used"


def test_an_error_is_raised_at_its_items_turn() -> None:
    results = map_in_order(lambda number: 6 // number, [3, 2, 0, 1], workers=2)
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_no_thread_is_left_when_the_reader_stops_early() -> None:
    before = threading.active_count()
    results = map_in_order(str, count(), workers=2)
    next(results)
    results.close()
    assert threading.active_count() == before


def test_batches_hold_every_item_once() -> None:
    assert list(in_batches("abcdefg", 3)) == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
    assert list(in_batches("", 3)) == []


@pytest.mark.parametrize(
    ("files", "at_most"),
    [
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "max 100000"}, 10**6),
        ({"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 10**6),
        ({}, 10**6),
    ],
)
def test_a_containers_share_of_the_processors_is_kept(files: dict[str, str], at_most: int, tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content + "\n")
    everything = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert available_cpus(tmp_path) == min(at_most, everything or 1)
