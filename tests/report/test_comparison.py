"""Several models in one page: what is compared with what, and what the differences mean."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from googlenet.errors import InputError
from googlenet.evaluation import Answers, paired_interval, reliability
from googlenet.report import Compared, Subject, read_nothing, write_comparison
from googlenet.report.comparison import differing_settings, distinct_names, paired_difference, same_pictures

NAMES = tuple(f"val/a/{place}.png" for place in range(40))


def subject(right: list[bool], *, name: str = "one", names: tuple[str, ...] = NAMES) -> Subject:
    """A subject whose answers to pictures of class a are right or wrong."""
    rows = np.where(np.array(right)[:, np.newaxis], (0.9, 0.1), (0.3, 0.7)).astype(np.float32)
    answers = Answers(names, np.zeros(len(names), np.int64), rows, ("a", "b"), "val")
    return Subject(name, answers, ("a", "b"), read=read_nothing("not here"), model=f"runs/{name}")


ONE = subject([True] * 30 + [False] * 10)
OTHER = subject([True] * 10 + [False] * 30, name="other")


def test_a_difference_is_paired() -> None:
    difference = paired_difference([ONE, OTHER], 0, 1)
    assert difference.share == pytest.approx(0.5)
    assert (difference.low, difference.high) == paired_interval(10, 20, 0, 10)
    assert difference.clear
    assert difference.only_first == NAMES[10:30]
    assert difference.only_second == ()


def test_the_order_of_the_pictures_does_not_matter() -> None:
    turned = subject([False] * 30 + [True] * 10, name="turned", names=NAMES[::-1])
    assert same_pictures([OTHER, turned])
    assert paired_difference([OTHER, turned], 0, 1).share == 0
    assert not paired_difference([OTHER, turned], 0, 1).clear


def test_other_pictures_or_other_classes_are_not_the_same() -> None:
    assert not same_pictures([ONE, subject([True] * 40, names=(*NAMES[:-1], "val/a/new.png"))])
    relabelled = replace(ONE.answers, labels=np.ones(40, np.int64))
    assert not same_pictures([ONE, replace(ONE, answers=relabelled)])


def test_a_clear_difference_is_the_heading(tmp_path: Path) -> None:
    text = write_comparison([Compared(OTHER), Compared(ONE)], tmp_path / "page.html").read_text("utf-8")
    heading = " ".join(text[text.index("<h1>") : text.index("</h1>")].split())
    assert "<em><bdi>one</bdi></em> is better than <bdi>other</bdi> by 50.0 points" in heading
    assert "20 pictures only <bdi>one</bdi> classifies correctly" in text


def test_without_a_clear_difference_the_heading_says_so(tmp_path: Path) -> None:
    near = subject([True] * 29 + [False] * 11, name="near")
    text = write_comparison([Compared(ONE), Compared(near)], tmp_path / "page.html").read_text("utf-8")
    assert "No clear difference between" in text


def test_a_model_with_too_few_pictures_for_a_temperature_has_a_calibration_error(tmp_path: Path) -> None:
    text = write_comparison([Compared(OTHER), Compared(ONE)], tmp_path / "page.html").read_text("utf-8")
    shown = re.findall(r'data-value="([\d.]+)">([\d.]+)%</td>\n<td class="number" data-value="40">', text)
    expected = [reliability(one.answers.probabilities, one.answers.labels).ece for one in (OTHER, ONE)]
    assert [float(value) for value, _ in shown] == pytest.approx(expected)


def test_different_pictures_are_said_to_be_different(tmp_path: Path) -> None:
    other = subject([True] * 40, name="other", names=tuple(f"test/a/{place}.png" for place in range(40)))
    text = write_comparison([Compared(ONE), Compared(other)], tmp_path / "page.html").read_text("utf-8")
    assert "They were not evaluated on the same pictures" in text
    assert 'id="differences"' not in text


def test_settings_that_differ_are_listed_and_no_others() -> None:
    one = {"seed": 0, "recipe": "smoke", "fingerprint": "a", "settings": {"epochs": 3, "mirror": True}}
    other = {
        "seed": 1,
        "recipe": "smoke",
        "fingerprint": "b",
        "settings": {"epochs": 3, "mirror": False, "new": [1, 2]},
    }
    assert differing_settings([one, other]) == [
        ("mirror", ["True", "False"]),
        ("new", ["", "1, 2"]),
        ("seed", ["0", "1"]),
    ]


def test_of_pictures_that_were_left_out_the_number_is_listed() -> None:
    names = [{"exclude": [f"cat/{number}.jpg" for number in range(most)]} for most in (1, 1200)]
    assert differing_settings([*names, {}]) == [("exclude", ["1 picture", "1,200 pictures", ""])]
    others = [{"exclude": ["cat/1.jpg"]}, {"exclude": ["cat/2.jpg"]}]
    assert [name for name, _ in differing_settings(others)] == ["exclude"]


def test_equal_names_are_told_apart() -> None:
    assert distinct_names([ONE, OTHER]) == ["one", "other"]
    assert distinct_names([ONE, replace(ONE, model="old/one")]) == ["runs/one", "old/one"]
    assert distinct_names([ONE, ONE]) == ["runs/one #1", "runs/one #2"]


def test_a_comparison_takes_at_least_two(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 to 12 runs or models, not 1"):
        write_comparison([Compared(ONE)], tmp_path / "page.html")
