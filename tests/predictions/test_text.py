"""Rows of CSV and JSON lines come back as they were written; of a file that was cut off, the whole ones."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from googlenet.errors import InputError
from googlenet.predictions import PredictionRow
from googlenet.predictions.formats import FORMATS
from googlenet.predictions.table import Columns
from tests.predictions.conftest import ROWS, bad, check_sentence, good

KINDS = ("csv", "jsonl")
THREE = Columns(ranks=3)


def written(kind: str, rows: list[PredictionRow], columns: Columns = THREE) -> bytes:
    file = io.BytesIO()
    file.write(FORMATS[f".{kind}"].header(columns))
    for row in rows:
        FORMATS[f".{kind}"].write(row, file, columns)
    return file.getvalue()


def read(kind: str, data: bytes) -> list[tuple[PredictionRow, int]]:
    return [(stored.row, stored.end) for stored in FORMATS[f".{kind}"].read_growing(io.BytesIO(data), where="rows")]


@pytest.mark.parametrize("kind", KINDS)
@given(ROWS)
@example([good('a,b\r\n"c"\'\n', 0.5, 0.25, 0.125), bad("d")])
def test_rows_come_back_as_they_were_written(kind: str, rows: list[PredictionRow]) -> None:
    data = written(kind, rows)
    found = read(kind, data)
    assert [row for row, _ in found] == rows
    assert not rows or found[-1][1] == len(data)


@pytest.mark.parametrize("kind", KINDS)
@given(ROWS, st.integers(0, 10_000))
@example([good("a\nb"), good("c\nd\n")], 70)
def test_of_a_file_that_was_cut_off_the_whole_rows_are_read_and_it_goes_on_behind_them(
    kind: str, rows: list[PredictionRow], cut: int
) -> None:
    data = written(kind, rows)
    data = data[: cut % (len(data) + 1)]
    found = read(kind, data)
    assert [row for row, _ in found] == rows[: len(found)]
    end = found[-1][1] if found else 0
    assert len(found) == len(read(kind, data[:end]))
    file = io.BytesIO(data[:end])
    file.seek(end)
    file.write(b"" if end else FORMATS[f".{kind}"].header(THREE))
    for row in rows[len(found) :]:
        FORMATS[f".{kind}"].write(row, file, THREE)
    assert file.getvalue() == written(kind, rows)


def test_embeddings_come_back_with_what_made_them() -> None:
    origin = {"model": "bvlc", "model_sha256": "ab12"}
    rows = [
        good("a", embedding=[0.5, 1.25, 0.0], **origin),
        bad("b", embedding=None, **origin),
        good("c", embedding=[1e-6, 2.0, 3.0], **origin),
    ]
    assert [row for row, _ in read("jsonl", written("jsonl", rows))] == rows


def test_csv_has_a_column_for_each_class_and_probability() -> None:
    header, first, second = written("csv", [good("a", 0.75, 0.25), bad("b")], Columns(2)).decode().splitlines()
    assert header == "image,label,name,probability,label_2,name_2,probability_2,error"
    assert first == 'a,n0,cat,0.75,n1,"dog, the",0.25,'
    assert second == "b,,,,,,,not a picture"


def test_csv_without_names_takes_the_labels_for_them_and_may_have_the_true_class() -> None:
    predictions = [{"label": "cat", "name": "cat", "probability": 1e-06}]
    row: PredictionRow = {"image": "a", "class": "dog", "predictions": predictions, "error": None}
    data = written("csv", [row], Columns(2, names=False, true_class=True))
    assert data == b"image,class,label,probability,label_2,probability_2,error\r\na,dog,cat,1e-06,,,\r\n"
    assert [found for found, _ in read("csv", data)] == [row]


STARTS = ("=", "+", "-", "@", "\t", "\r", "'", "\uff1d", "\uff20", "'=", "''+1", "'a")


@given(st.sampled_from(STARTS), st.text(st.characters(exclude_categories=["Cs"]), max_size=5))
@example("=", "cmd|' /C calc'!A0")
@example("-", "0.5")
@example("-", "1.png")
def test_no_text_of_csv_can_run_in_a_spreadsheet_and_all_come_back(start: str, rest: str) -> None:
    text = start + rest
    predictions = [{"label": text, "name": text, "probability": 0.25}]
    row: PredictionRow = {"image": text, "class": text, "predictions": predictions, "error": text}
    data = written("csv", [row], Columns(1, true_class=True))
    _, cells = csv.reader(io.StringIO(data.decode(), newline=""))
    assert [cell for cell in cells if cell[0] in "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"] == []
    assert cells[4] == "0.25"
    assert [found for found, _ in read("csv", data)] == [row]


def test_csv_of_an_older_version_is_refused_in_a_sentence() -> None:
    with pytest.raises(InputError, match=r"^rows is a CSV file of an older version of googlenet, which had other col"):
        read("csv", b"image,predictions,error,label,name,probability\r\na,[],,,,\r\n")


def test_a_byte_order_mark_that_another_program_wrote_is_no_part_of_a_name() -> None:
    rows = [good("고양이.jpg", 0.5)]
    assert [row for row, _ in read("csv", b"\xef\xbb\xbf" + written("csv", rows))] == rows
    assert written("csv", rows).startswith(b"image,")


@pytest.mark.parametrize(
    ("kind", "line", "sentence"),
    [
        ("jsonl", b"{not json\n", "rows: line 2 is damaged: it is not JSON"),
        ("jsonl", b'{"image": 3}\n', "rows: line 2 is not a row of `googlenet predict`"),
        ("jsonl", b"[" * 100_000 + b"\n", "rows: line 2 is damaged: it is not JSON"),
        ("csv", b"a,b\r\n", "rows: line 3 has 2 columns, but the first line has 11"),
        ("csv", b'a,"[]"x,,,,,,,,,\r\n', "rows: line 3 is damaged"),
        ("csv", b"a,n0,cat,high,,,,,,,\r\n", "rows: line 3 is damaged: probability is 'high', not a number"),
        ("csv", b"a,n0,cat,1,n1,dog,x,,,,\r\n", "rows: line 3 is damaged: probability_2 is 'x', not a number"),
    ],
)
def test_damage_inside_a_file_is_named_by_its_line(kind: str, line: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read(kind, written(kind, [good("a")]) + line + written(kind, [good("b")]))


def test_csv_of_something_else_is_refused() -> None:
    with pytest.raises(InputError, match="line 1 is not a header of `googlenet predict`"):
        read("csv", b"name,age\r\nAda,36\r\n")


@given(st.binary(max_size=200))
@pytest.mark.parametrize("kind", KINDS)
def test_random_bytes_are_read_or_refused(kind: str, data: bytes) -> None:
    check_sentence(lambda: read(kind, data))


def test_a_name_that_is_no_text_comes_back_from_json() -> None:
    (row,) = [row for row, _ in read("jsonl", written("jsonl", [good("caf\udce9")]))]
    assert row["image"] == "caf\udce9"
    assert json.loads(written("jsonl", [good("caf\udce9")]))["image"] == "caf\udce9"
