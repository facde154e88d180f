"""What the runner of documents' examples finds, shrinks and compares."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contracts.documents import (
    Example,
    assert_printed,
    assert_shown,
    examples_of,
    fenced_blocks,
    run_example,
    run_in_session,
    shrunk,
    without_numbers,
)


def test_examples_are_found_with_what_is_shown_below_them() -> None:
    markdown = "\n".join(
        [
            *(
                "text `$ googlenet no` text",
                "```console",
                "$ make demo",
                "ready",
                "$ googlenet table1 \\",
                "  --json",
                "{",
                "...",
                "```",
            ),
            *("```python", "import googlenet", "```", "```", "$ googlenet not-this-one", "```"),
            *("```python", "print(2)", "```", "which prints", "```text", "2", "```"),
            *("```python", "print(clock())", "```", "```text varies", "12:30", "```"),
        ]
    )
    assert examples_of(markdown + "\n") == [
        Example("console", "make demo", ("ready",)),
        Example("console", "googlenet table1    --json", ("{", "...")),
        Example("python", "import googlenet\n"),
        Example("python", "print(2)\n", ("2",)),
        Example("python", "print(clock())\n", ("12:30",), varies=True),
    ]


def test_fenced_blocks_are_taken_as_they_are() -> None:
    markdown = "one\n```python\nprint(2)\n```\n```text varies\n2\n```\n```\nno language\n```\n"
    assert fenced_blocks(markdown) == ["```python\nprint(2)\n```", "```text varies\n2\n```"]


@pytest.mark.parametrize(
    ("line", "short"),
    [
        ("googlenet predict runs/demo photo.jpg | head -3", "googlenet predict runs/demo photo.jpg | head -3"),
        ("googlenet train photos", "googlenet train photos --set steps=2 --set batch_size=16"),
        (
            "googlenet train photos --from-scratch",
            "googlenet train photos --from-scratch --set steps=2 --set width=0.125 --set batch_size=16",
        ),
        ("googlenet train digits", "googlenet train digits --set steps=2 --set width=0.125 --set batch_size=16"),
        (
            "googlenet train photos --minutes 30 --set width=0.5  # half as wide",
            "googlenet train photos --set width=0.5 --set steps=2 --set batch_size=16",
        ),
        (
            "googlenet train photos --start bvlc --minutes 7",
            "googlenet train photos --start bvlc --set steps=2 --set batch_size=16",
        ),
        ("googlenet train --resume runs/photos-scratch", "googlenet train --resume runs/photos-scratch"),
        (
            "googlenet lr-find photos --recipe small",
            "googlenet lr-find photos --recipe small --steps 10 --set width=0.125 --set batch_size=16",
        ),
        ("googlenet train --help", "googlenet train --help"),
        ("googlenet visualize bvlc 4c:0 --out a.png", "googlenet visualize bvlc 4c:0 --out a.png --steps 2"),
        (
            "python examples/lab/head.py --minutes 4 --seeds 5",
            "python examples/lab/head.py --seeds 1 --steps 2",
        ),
        ("python examples/lab/channels.py examples/cat.jpg", "python examples/lab/channels.py examples/cat.jpg"),
    ],
)
def test_what_takes_long_is_shrunk(line: str, short: str) -> None:
    assert shrunk(line) == short


def test_an_example_that_fails_or_shows_something_else_is_found(tmp_path: Path) -> None:
    run_example(Example("console", "googlenet table1"), tmp_path)
    with pytest.raises(AssertionError, match="no variant is called 'vgg'"):
        run_example(Example("console", "googlenet table1 --variant vgg | cat"), tmp_path)
    with pytest.raises(AssertionError):
        run_example(Example("console", "googlenet --version", ("googlenet 0.0",)), tmp_path)
    with pytest.raises(AssertionError, match="NameError"):
        run_example(Example("python", "classify()"), tmp_path)
    with pytest.raises(AssertionError):
        run_example(Example("python", "print(3)", ("2",)), tmp_path)
    with pytest.raises(AssertionError, match="exit code 1"):
        run_example(Example("console", 'false || echo "exit code $?"', ("exit code 2",)), tmp_path)


def test_a_line_that_shows_ctrl_c_is_interrupted_there_and_must_end_so(tmp_path: Path) -> None:
    shown = ("at work", "^C")
    waits = "bash -c 'trap \"exit 130\" INT; echo at work; while :; do sleep 0.1; done'"
    run_example(Example("console", waits, shown), tmp_path)
    with pytest.raises(AssertionError, match="no work"):
        run_example(Example("console", "echo no work", shown), tmp_path)


def test_a_program_whose_output_varies_prints_something() -> None:
    example = Example("python", "print(clock())", ("12:30",), varies=True)
    assert_printed(example, ["12:45"])
    with pytest.raises(AssertionError, match="prints nothing any more"):
        assert_printed(example, [])


def test_shown_lines_may_leave_some_out_but_not_change_them() -> None:
    printed = ["one", "two  ", "three", "four"]
    assert_shown(("one", "two", "..."), printed)
    assert_shown(("...", "three", "four"), printed)
    assert_shown(("one", "...", "four"), printed)
    assert_shown((), printed)
    for wrong in (("one", "three"), ("...", "five"), ("four", "five")):
        with pytest.raises(AssertionError):
            assert_shown(wrong, printed)


def test_what_an_experiment_shows_may_differ_in_its_numbers_alone() -> None:
    printed = ("setting   accuracy  seconds", "naive (2a)  97.25%  1,234.5", "differ by 0.0e+00.")
    same = ("setting accuracy seconds", "naive (2a)   8.1%      3", "differ by 9.5e-07.")
    assert without_numbers(printed) == without_numbers(same)
    assert without_numbers(("naive (2a) 97%",)) != without_numbers(("reduced (2b) 97%",))


def test_programs_of_a_session_know_the_names_of_those_before() -> None:
    session: dict[str, object] = {}
    run_in_session(Example("python", "a = 2\ndef double(): return 2 * a\n"), session)
    run_in_session(Example("python", "print(double())\n", ("4",)), session)
    with pytest.raises(AssertionError):
        run_in_session(Example("python", "print(double())\n", ("5",)), session)
