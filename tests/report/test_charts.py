"""The charts: colours that follow the page, text that stays text, labels that do not touch."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest

from googlenet.evaluation import reliability
from googlenet.report.charts import ON_PAGE, ON_PAPER, drawing, shortened, to_svg
from googlenet.report.figures import Interval, Line, interval_chart, line_chart, reliability_chart, spread_apart
from googlenet.report.page import TEMPLATES

AWKWARD = ("$x_1$ & <b>", "\N{HANGUL SYLLABLE OS}", "\N{HEBREW LETTER SHIN}", "\U0001fae8", "a" * 300)


def test_the_colours_of_files_are_those_of_the_page() -> None:
    style = (TEMPLATES / "style.css").read_text("utf-8").partition("@media")[0]
    variables = dict(re.findall(r"--([\w-]+): (#\w{6})", style))
    assert {"ink", "muted", "rule", "paper", "wrong"} <= variables.keys()
    for role in ("ink", "muted", "rule", "paper", "wrong"):
        assert getattr(ON_PAPER, role) == variables[role]
    assert list(ON_PAPER.series) == [variables[f"series-{place}"] for place in range(1, 7)]


def test_a_chart_on_a_page_has_only_the_colours_of_the_page() -> None:
    with drawing():
        svg = to_svg(line_chart([Line("main", ((1, 2.0), (2, 1.0)))], ON_PAGE, x_label="epoch"), "Loss")
    assert "var(--series-1)" in svg
    assert "var(--muted)" in svg
    assert not re.search(r"#[0-9a-f]{6}\b", svg.replace("#m", ""))


@pytest.mark.filterwarnings("error")
def test_names_of_any_script_are_text_in_the_charts() -> None:
    with drawing():
        svg = to_svg(interval_chart([Interval(name, 0.5, 0.4, 0.6) for name in AWKWARD], ON_PAGE), '"a" <chart>')
    assert "$x_1$ &amp; &lt;b&gt;" in svg
    assert AWKWARD[1] in svg
    assert "a" * 300 not in svg
    assert "&lt;chart&gt;" in svg
    assert "<script" not in svg


def test_charts_of_one_page_share_no_ids() -> None:
    made = []
    for salt in ("one", "two"):
        with drawing(salt=salt):
            lines = [Line(name, tuple((x, float(x)) for x in range(30))) for name in "ab"]
            made.append(to_svg(line_chart(lines, ON_PAGE, x_label="epoch"), salt))
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in made]
    assert not ids[0] & ids[1]
    for svg, own in zip(made, ids, strict=True):
        assert {*re.findall(r'(?:href="|url\()#([\w-]+)', svg)} == own


def test_a_single_point_and_equal_points_can_be_drawn() -> None:
    with drawing():
        for points in (((1, 0.5),), ((1, 0.0), (2, 0.0))):
            assert "<svg" in to_svg(line_chart([Line("a", points)], ON_PAGE, x_label="epoch", shares=True), "")


@pytest.mark.parametrize("last", [1, 2, 3])
def test_epochs_are_whole_numbers(last: int) -> None:
    figure = line_chart([Line("a", tuple((x, x / 10) for x in range(1, last + 1)))], ON_PAGE, x_label="epoch")
    low, high = figure.axes[0].get_xlim()
    ticks = [tick for tick in figure.axes[0].get_xticks() if low <= tick <= high]
    assert ticks == [*range(1, last + 1)]


def test_ticks_of_small_numbers_say_all_of_each_number() -> None:
    """Learning rates: matplotlib's own labels would be 1.0, 1.5, 2.0 and a factor of 1e-5 above the axis."""
    with drawing():
        figure = line_chart([Line("rate", ((1, 2.4e-5), (2, 1e-6)))], ON_PAGE, x_label="epoch", from_zero=True)
        box = figure.axes[0].get_tightbbox()
    assert box is not None
    assert box.x0 >= 0  # no label is cut off
    axis = figure.axes[0].yaxis
    assert axis.get_major_formatter().format_ticks([0, 1e-5, 1.5e-5, 0.01, 2.5]) == [
        "0",
        "1e-5",
        "1.5e-5",
        "0.01",
        "2.5",
    ]
    assert axis.get_major_formatter().get_offset() == ""


def test_reliability_is_drawn_for_the_bins_that_have_pictures() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.45, 0.55]], np.float32)
    before = reliability(probabilities, np.array([0, 0, 1]))
    with drawing():
        svg = to_svg(reliability_chart(before, None, ON_PAGE), "Reliability")
    assert "nan" not in svg.lower()


def test_labels_at_the_ends_of_lines_do_not_touch_and_move_little() -> None:
    assert spread_apart([0, 50, 100], 10) == [0, 50, 100]
    assert spread_apart([40, 42, 44], 10) == [32, 42, 52]
    moved = spread_apart([0, 1, 2, 11, 60], 10)
    assert all(after - before >= 10 for before, after in pairwise(moved))


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("shirt", 5, "shirt"),
        ("shirts", 5, "shir\N{HORIZONTAL ELLIPSIS}"),
        ("\N{HANGUL SYLLABLE OS}" * 3, 6, "\N{HANGUL SYLLABLE OS}" * 3),
        ("\N{HANGUL SYLLABLE OS}" * 4, 6, "\N{HANGUL SYLLABLE OS}" * 2 + "\N{HORIZONTAL ELLIPSIS}"),
        ("a\nb", 9, r"a\nb"),
    ],
)
def test_long_names_end_in_an_ellipsis(text: str, most: int, short: str) -> None:
    assert shortened(text, most) == short
