"""Rows of CSV and JSON lines come back as they were written; of a file that was cut off, the whole ones."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from googlenet.errors import InputError
from googlenet.predictions import PredictionRow
from googlenet.predictions.text import read_csv, read_jsonl, write_csv, write_jsonl
from tests.predictions.conftest import ROWS, bad, check_sentence, good

FORMATS: dict[str, tuple[Any, Any]] = {"csv": (write_csv, read_csv), "jsonl": (write_jsonl, read_jsonl)}


def written(kind: str, rows: list[PredictionRow]) -> bytes:
    file = io.BytesIO()
    for number, row in enumerate(rows):
        FORMATS[kind][0](row, file, first=number == 0)
    return file.getvalue()


def read(kind: str, data: bytes) -> list[tuple[PredictionRow, int]]:
    return [(stored.row, stored.end) for stored in FORMATS[kind][1](io.BytesIO(data), where="rows")]


@pytest.mark.parametrize("kind", FORMATS)
@given(ROWS)
@example([good('a,b\r\n"c"\'\n', 0.5, 0.25, 0.125), bad("d")])
def test_rows_come_back_as_they_were_written(kind: str, rows: list[PredictionRow]) -> None:
    data = written(kind, rows)
    found = read(kind, data)
    assert [row for row, _ in found] == rows
    assert not rows or found[-1][1] == len(data)


@pytest.mark.parametrize("kind", FORMATS)
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
    for row in rows[len(found) :]:
        FORMATS[kind][0](row, file, first=end == 0)
        end = 1
    assert file.getvalue() == written(kind, rows)


@pytest.mark.parametrize("kind", FORMATS)
def test_embeddings_come_back_with_what_made_them(kind: str) -> None:
    origin = {"model": "bvlc", "model_sha256": "ab12"}
    rows = [
        good("a", embedding=[0.5, 1.25, 0.0], **origin),
        bad("b", embedding=None, **origin),
        good("c", embedding=[1e-6, 2.0, 3.0], **origin),
    ]
    assert [row for row, _ in read(kind, written(kind, rows))] == rows


def test_the_best_prediction_has_columns_of_its_own_in_csv() -> None:
    header, first, second = written("csv", [good("a", 0.75, 0.25), bad("b")]).decode().splitlines()
    assert header == "image,predictions,error,label,name,probability"
    assert first.endswith(",,n0,cat,0.75")
    assert second == "b,[],not a picture,,,"


@pytest.mark.parametrize(
    ("kind", "line", "sentence"),
    [
        ("jsonl", b"{not json\n", "rows: line 2 is damaged: it is not JSON"),
        ("jsonl", b'{"image": 3}\n', "rows: line 2 is not a row of `googlenet predict`"),
        ("jsonl", b"[" * 100_000 + b"\n", "rows: line 2 is damaged: it is not JSON"),
        ("csv", b"a,b\r\n", "rows: line 3 has 2 columns, but the first line has 6"),
        ("csv", b'a,"[]"x,,,,\r\n', "rows: line 3 is damaged"),
        ("csv", b"a,[,,,,\r\n", "rows: line 3, column predictions, is damaged: it is not JSON"),
        ("csv", b"a,3,,,,\r\n", "rows: line 3 is not a row"),
    ],
)
def test_damage_inside_a_file_is_named_by_its_line(kind: str, line: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read(kind, written(kind, [good("a")]) + line + written(kind, [good("b")]))


def test_csv_of_something_else_is_refused() -> None:
    with pytest.raises(InputError, match="line 2 is not a row of `googlenet predict`"):
        read("csv", b"name,age\r\nAda,36\r\n")


@given(st.binary(max_size=200))
@pytest.mark.parametrize("kind", FORMATS)
def test_random_bytes_are_read_or_refused(kind: str, data: bytes) -> None:
    check_sentence(lambda: read(kind, data))


def test_a_name_that_is_no_text_comes_back_from_json() -> None:
    (row,) = [row for row, _ in read("jsonl", written("jsonl", [good("caf\udce9")]))]
    assert row["image"] == "caf\udce9"
    assert json.loads(written("jsonl", [good("caf\udce9")]))["image"] == "caf\udce9"
