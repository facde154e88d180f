"""Rows as Parquet: typed columns, features of a fixed size, and an interrupted file that is gone on with."""

from __future__ import annotations

import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from googlenet.errors import InputError, MissingExtraError
from googlenet.predictions import open_predictions, partial_path, read_existing, read_features, read_predictions
from tests.predictions.conftest import bad, check_sentence, good, interrupt, write_rows

MODEL = {"model": "bvlc", "model_sha256": "ab12"}


def test_without_pyarrow_it_is_a_sentence_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with (
        pytest.raises(MissingExtraError, match=r'a Parquet file needs pyarrow.*pip install "googlenet\[parquet\]"'),
        open_predictions(tmp_path / "rows.parquet"),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_rows_come_back_and_pandas_and_others_find_typed_columns(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "rows.parquet"
    rows = [good("a", 0.5, 0.25), bad("b"), good("c\nd", 0.75)]
    with open_predictions(path) as write:
        for row in rows:
            write(row)
        assert not path.exists()
    assert [file.name for file in tmp_path.iterdir()] == ["rows.parquet"]
    assert list(read_predictions(path)) == rows
    table = parquet.read_table(path)
    assert table.column_names == ["image", "predictions", "error", "label", "name", "probability"]
    assert table.column("probability").to_pylist() == [0.5, None, 0.75]
    assert table.column("name").to_pylist() == ["cat", None, "cat"]


def test_features_are_lists_of_a_fixed_size(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "rows.parquet"
    with open_predictions(path) as write:
        write(bad("a", embedding=None, **MODEL))
        for number in range(2500):  # more than two groups
            write(good(f"{number}", embedding=[number, 0.5, 1.0], **MODEL))
    schema = parquet.read_schema(path)
    assert str(schema.field("embedding").type).startswith("fixed_size_list<")
    chunks = list(read_features(path))
    features = np.concatenate([chunk.features for chunk in chunks])
    assert [name for chunk in chunks for name in chunk.names] == [f"{number}" for number in range(2500)]
    np.testing.assert_array_equal(features[:, 0], np.arange(2500))
    assert max(len(chunk.names) for chunk in chunks) <= 1000


def test_what_was_interrupted_is_taken_up_and_what_is_finished_is_added_to(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "rows.parquet"
    interrupt(path, good("a", embedding=[1.0, 2.0], **MODEL))
    assert not path.exists()
    for image in "bc":
        with open_predictions(path, existing=read_existing(path)) as write:
            write(good(image, embedding=[3.0, 4.0], **MODEL))
        assert not partial_path(path).exists()
    assert [row["image"] for row in read_predictions(path)] == ["a", "b", "c"]
    assert read_existing(path).rows == 3


KILLED_BEFORE_A_FILE_GETS_ITS_NAME = """
import os, signal, sys
from pathlib import Path
from googlenet.predictions import open_predictions, read_existing

Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
path = Path(sys.argv[1])
with open_predictions(path, existing=read_existing(path)):
    pass
"""


@pytest.mark.parametrize("finished", [False, True])
def test_a_run_that_is_killed_while_it_makes_a_whole_file_goes_on_and_leaves_nothing(
    tmp_path: Path, finished: bool
) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "rows.parquet"
    interrupt(path, good("a"), bad("b"))
    if finished:
        write_rows(path, [], existing=read_existing(path))
    killed = subprocess.run([sys.executable, "-c", KILLED_BEFORE_A_FILE_GETS_ITS_NAME, path])
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2
    with open_predictions(path, existing=read_existing(path)):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["rows.parquet"]
    assert [row["image"] for row in read_predictions(path)] == ["a", "b"]


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + bytes(100) + b"PAR1", b"image,predictions\n"])
def test_damaged_files_and_others_are_refused(tmp_path: Path, data: bytes) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "rows.parquet"
    path.write_bytes(data)
    for read in (read_predictions, read_features):
        with pytest.raises(InputError) as caught:
            list(read(path))
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_bit_that_was_flipped_is_found_or_does_no_harm(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "rows.parquet"
    with open_predictions(path) as write:
        for number in range(20):
            write(good(f"{number}", embedding=[number, 1.0], **MODEL))
    whole = path.read_bytes()
    for position in range(0, len(whole), 23):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        for read in (read_predictions, read_features):
            check_sentence(partial(list, read(path)))
