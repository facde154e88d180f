"""An output is there whole or not at all; what was interrupted is taken up with every row that was written."""

from __future__ import annotations

import csv
import json
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from googlenet.errors import InputError
from googlenet.predictions import (
    Columns,
    ExistingOutput,
    check_output,
    open_predictions,
    partial_path,
    read_existing,
    read_predictions,
)
from tests.predictions.conftest import bad, good, interrupt, write_rows

SUFFIXES = [".csv", ".jsonl"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_interrupted_file_is_taken_up_behind_its_last_whole_row(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    interrupt(path, good("a"), good("b"), good("c"))
    partial = partial_path(path)
    assert [file.name for file in tmp_path.iterdir()] == [f"rows{suffix}.partial"]
    partial.write_bytes(partial.read_bytes()[:-5])
    existing = read_existing(path)
    assert (existing.file, existing.rows, existing.bad) == (partial, 2, 0)
    assert [name in existing.names for name in "abc"] == [True, True, False]
    with open_predictions(path, existing=existing) as write:
        write(bad("c"))
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert list(read_predictions(path)) == [good("a"), good("b"), bad("c")]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_finished_file_is_added_to_and_stays_whole_meanwhile(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    with open_predictions(path) as write:
        write(good("a"))
    before = path.read_bytes()
    with open_predictions(path, existing=read_existing(path)) as write:
        write(good("b"))
        assert path.read_bytes() == before
    assert [row["image"] for row in read_predictions(path)] == ["a", "b"]


def test_of_a_file_there_is_nothing_of_nothing_is_known(tmp_path: Path) -> None:
    assert read_existing(tmp_path / "rows.csv") == ExistingOutput()


def test_without_rows_before_it_a_file_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    interrupt(path, good("a"), good("b"))
    with open_predictions(path, existing=ExistingOutput()) as write:
        write(good("c"))
    assert [row["image"] for row in read_predictions(path)] == ["c"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_output_that_exists_is_only_replaced_on_request(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    check_output(path)
    interrupt(path, good("a"))
    with pytest.raises(InputError, match=r"rows\.\w+\.partial has the rows of an unfinished run; use --resume to cont"):
        check_output(path)
    write_rows(path, [], existing=read_existing(path))
    with pytest.raises(
        InputError, match=r"already exists; use --output to write another file, --resume to add to it, or --force to"
    ):
        check_output(path)
    check_output(path, force=True)
    assert [row["image"] for row in read_predictions(path)] == ["a"]


def test_a_csv_file_is_not_continued_with_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    write_rows(path, [bad("a")])
    before = path.read_bytes()
    with (
        pytest.raises(
            InputError, match=r"rows\.csv has other columns: resume it with the --top that it was written with"
        ),
        open_predictions(path, existing=read_existing(path), columns=Columns(2)),
    ):
        pass
    assert path.read_bytes() == before


def test_a_csv_file_without_rows_has_a_header_and_can_be_continued(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    write_rows(path, [])
    assert path.read_text().startswith("image,label,name,probability,label_2,")
    write_rows(path, [good("a")], existing=read_existing(path))
    assert [row["image"] for row in read_predictions(path)] == ["a"]


def test_what_cannot_be_gone_on_with_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    interrupt(path)
    with pytest.raises(RuntimeError):
        write_rows(path, [good("a")], end=RuntimeError)
    assert list(tmp_path.iterdir()) == []


def test_names_are_compared_as_files_hold_them(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        path = tmp_path / f"rows{suffix}"
        interrupt(path, good("caf\udce9"), good("tea"))
        assert "caf\udce9" in read_existing(path).names
        assert "caf" not in read_existing(path).names


def test_the_first_good_rows_are_kept_to_compare_with(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with open_predictions(path) as write:
        write(bad("x"))
        for number in range(100):
            write(good(str(number), 0.5, 0.25))
    existing = read_existing(path)
    assert (existing.rows, existing.bad) == (101, 1)
    assert list(existing.samples) == [good(str(number), 0.5, 0.25) for number in range(20)]


def test_two_runs_cannot_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with open_predictions(path, existing=ExistingOutput()) as write:
        write(good("a"))
        with pytest.raises(InputError, match=r"another run is writing .*rows\.csv\.partial"), open_predictions(path):
            pass
    assert [row["image"] for row in read_predictions(path)] == ["a"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("with_folder", [False, True], ids=["the file", "its folder"])
def test_a_file_that_is_deleted_while_it_grows_is_there_at_the_end(
    tmp_path: Path, suffix: str, with_folder: bool
) -> None:
    path = tmp_path / "out" / f"rows{suffix}"
    path.parent.mkdir()
    with open_predictions(path, existing=ExistingOutput()) as write:
        write(good("a"))
        if with_folder:
            shutil.rmtree(path.parent)
        else:
            partial_path(path).unlink()
        write(good("b"))
    assert [row["image"] for row in read_predictions(path)] == ["a", "b"]
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupted_file_that_was_deleted_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "out" / "rows.csv"
    path.parent.mkdir()

    def write_and_interrupt() -> None:
        with open_predictions(path, existing=ExistingOutput(), note={"crops": 1}) as write:
            write(good("a"))
            shutil.rmtree(path.parent)
            write(good("b"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_interrupt()
    existing = read_existing(path)
    assert (existing.rows, existing.note) == (2, {"crops": 1})


@pytest.mark.parametrize("existing", [None, ExistingOutput()], ids=["anew", "to be resumed"])
def test_a_file_that_another_run_has_begun_since_it_was_deleted_is_left_to_it(
    tmp_path: Path, existing: ExistingOutput | None
) -> None:
    path = tmp_path / "rows.csv"
    with ExitStack() as stack:

        def write_while_another_begins() -> None:
            with open_predictions(path, existing=existing) as ours:
                ours(good("ours"))
                partial_path(path).unlink()
                theirs = stack.enter_context(open_predictions(path))
                theirs(good("theirs"))

        with pytest.raises(InputError, match="another run is writing"):
            write_while_another_begins()
    assert [row["image"] for row in read_predictions(path)] == ["theirs"]


WRITER = """
import sys
from contextlib import ExitStack
from pathlib import Path
from googlenet.predictions import open_predictions, read_existing
path = Path(sys.argv[1])
existing = read_existing(path)
with open_predictions(path, existing=existing) as write:
    for number in range(existing.rows, int(sys.argv[2])):
        best = {"label": "a", "name": "a", "probability": 1.0}
        write({"image": f"{number:06}", "predictions": [best], "error": None})
        print(number, flush=True)
"""


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_run_that_is_killed_has_lost_no_row_that_it_had_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    said = -1
    for _ in range(2):
        with subprocess.Popen([sys.executable, "-c", WRITER, path, "1000000"], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(50):
                said = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
        assert not path.exists()
        assert read_existing(path).rows > said
    rows = read_existing(path).rows + 1
    subprocess.run([sys.executable, "-c", WRITER, path, str(rows)], check=True, capture_output=True)
    assert [row["image"] for row in read_predictions(path)] == [f"{number:06}" for number in range(rows)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_disk_that_fills_up_is_a_sentence_and_what_there_is_can_be_gone_on_with(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))  # writes beyond fail as on a full disk
    try:
        with pytest.raises(InputError) as caught:
            write_rows(path, [good(str(number)) for number in range(100)], existing=ExistingOutput())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(caught.value) == (
        f"cannot write {path}: File too large; the rows so far are in {partial_path(path)}, use --resume to continue"
    )
    assert not path.exists()
    existing = read_existing(path)
    assert 5 < existing.rows < 40
    with open_predictions(path, existing=existing) as write:
        write(good("last"))
    assert [row["image"] for row in read_predictions(path)] == [*map(str, range(existing.rows)), "last"]


def test_a_file_that_holds_something_else_is_not_gone_on_with(tmp_path: Path) -> None:
    for name, text, what in (("rows.csv", "a,b\n1,2\n", "header"), ("rows.jsonl", "{}\n", "row")):
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match=f"is not a {what} of `googlenet predict`"):
            read_existing(tmp_path / name)
        assert (tmp_path / name).read_text() == text


def test_csv_and_json_lines_are_what_their_readers_elsewhere_take(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        with open_predictions(tmp_path / f"rows{suffix}") as write:
            write(good("a\nb", 0.5))
            write(bad("c"))
    with (tmp_path / "rows.csv").open(newline="", encoding="utf-8") as file:
        assert [row["image"] for row in csv.DictReader(file)] == ["a\nb", "c"]
    lines = (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [good("a\nb", 0.5), bad("c")]
