"""The file of answers: what was saved comes back, and whatever else lies there is refused in a sentence."""

from __future__ import annotations

import io
import os
import pickle
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from googlenet.errors import InputError
from googlenet.evaluation import Answers

NAMES = ("val/cat/1.jpg", "val/고양이/사진.png", "val/caf\udce9/x.png")


def answers(**changed: Any) -> Answers:
    values: dict[str, Any] = {
        "names": NAMES,
        "labels": np.array([0, 1, 1]),
        "probabilities": np.array([[0.75, 0.25], [0.5, 0.5], [0, 1]], np.float32),
        "classes": ("cat", "고양이"),
        "split": "val",
        "bad_pictures": (("val/cat/torn.jpg", "truncated file"),),
    }
    return Answers(**(values | changed))


def assert_same(one: Answers, other: Answers) -> None:
    for name in ("names", "classes", "split", "bad_pictures"):
        assert getattr(one, name) == getattr(other, name)
    for name in ("labels", "probabilities"):
        first, second = getattr(one, name), getattr(other, name)
        assert first.dtype == second.dtype
        assert np.array_equal(first, second)


escaped = st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF, categories=["Cs"])  # bytes that are not UTF-8
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]) | escaped, max_size=12)


@given(data=st.data())
def test_what_is_saved_comes_back(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    count = data.draw(st.integers(0, 5))
    classes = data.draw(st.lists(texts, min_size=1, max_size=4, unique=True))
    generator = np.random.default_rng(data.draw(st.integers(0, 99)))
    saved = Answers(
        names=tuple(data.draw(st.lists(texts, min_size=count, max_size=count))),
        labels=generator.integers(0, len(classes), count),
        probabilities=generator.dirichlet(np.ones(len(classes)), count).astype(np.float32),
        classes=tuple(classes),
        split=data.draw(texts),
        bad_pictures=tuple(data.draw(st.lists(st.tuples(texts, texts), max_size=2))),
    )
    path = tmp_path_factory.getbasetemp() / "answers.npz"
    saved.save(path)
    assert_same(saved, Answers.load(path))


def test_the_same_answers_are_the_same_bytes_and_numpy_reads_them(tmp_path: Path) -> None:
    for name in ("one.npz", "other.npz"):
        answers().save(tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()
    with np.load(tmp_path / "one.npz", allow_pickle=False) as arrays:
        assert arrays["names"].tolist() == list(NAMES)
        assert arrays["probabilities"].shape == (3, 2)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"labels": np.array([0, 1])}, r"3 pictures and 2 classes, but labels \(2,\)"),
        ({"classes": ("cat", "dog", "horse")}, "3 classes, but"),
        ({"classes": ("cat", "cat")}, "a class that is listed twice"),
        ({"labels": np.array([0, 1, 2])}, "a label without a class"),
        ({"labels": np.array([0, 1, -1])}, "a label without a class"),
        ({"probabilities": np.full((3, 2), np.nan, np.float32)}, "not between 0 and 1"),
        ({"probabilities": np.array([[2, -1]] * 3, np.float32)}, "not between 0 and 1"),
        ({"probabilities": np.zeros((3, 2), np.float32)}, "do not add up to 1"),
        ({"split": "val\0"}, "the character 0"),
        ({"names": ("a", "b", "\ud800")}, "a text that is not Unicode"),
    ],
)
def test_values_that_do_not_belong_together_are_refused(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        answers(**changed)


def stored(**arrays: Any) -> bytes:
    """A file of answers with some arrays replaced."""
    ours: dict[str, Any] = {
        "names": np.array(NAMES),
        "labels": np.array([0, 1, 1]),
        "probabilities": np.array([[0.75, 0.25], [0.5, 0.5], [0, 1]], np.float32),
        "classes": np.array(["cat", "dog"]),
        "split": np.array("val"),
        "bad_pictures": np.empty((0, 2), np.str_),
    }
    file = io.BytesIO()
    np.savez(file, **(ours | arrays))
    return file.getvalue()


def with_header(header: str) -> bytes:
    """A file of answers whose labels say that they are what `header` says."""
    text = header.encode().ljust(117) + b"\n"
    array = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(24)
    file = io.BytesIO(stored())
    other = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            new.writestr(name, array if name == "labels.npy" else old.read(name))
    return other.getvalue()


class Harmful:
    """Creates a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("unpickled",)


def packed() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, names=np.zeros(10**7, np.int64))
    return file.getvalue()


DAMAGED = {
    "nothing": b"",
    "text": b"no archive",
    "an archive of something else": stored()[:0] + packed(),
    "half": stored()[: len(stored()) // 2],
    "a pickle": pickle.dumps(Harmful()),
    "a pickled array": stored(names=np.array([Harmful()], object)),
    "no labels": stored(labels=np.array(["a", "b", "c"])),
    "two splits": stored(split=np.array(["val", "test"])),
    "reasons of one column": stored(bad_pictures=np.array([["x"]])),
    "another number": stored(labels=np.array([0, 1])),
    "text that is none": stored(classes=np.frombuffer(b"\xff" * 16, "<U2")),
    "a size that is not there": with_header("{'descr': '<i8', 'fortran_order': False, 'shape': (1099511627776,), }"),
    "a negative size": with_header("{'descr': '<i8', 'fortran_order': False, 'shape': (-1, -3), }"),
    "no size in memory": with_header("{'descr': '<U0', 'fortran_order': False, 'shape': (99999999999,), }"),
    "a header that is code": with_header("__import__('os').mkdir('unpickled')"),
    "a deep header": with_header("(" * 100),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_or_hostile_file_is_one_sentence(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "answers.npz"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"answers\.npz is damaged: .*; `googlenet evaluate` computes the answers"):
        Answers.load(path)
    assert not (tmp_path / "unpickled").exists()


def test_a_file_with_any_byte_changed_is_read_or_refused(tmp_path: Path) -> None:
    generator, data, path = random.Random(20), stored(), tmp_path / "answers.npz"
    for _ in range(300):
        place = generator.randrange(len(data))
        path.write_bytes(data[:place] + bytes([generator.randrange(256)]) + data[place + 1 :])
        try:
            Answers.load(path)
        except InputError as error:
            assert "\n" not in str(error)  # noqa: PT017


def test_a_path_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*none\.npz: No such file"):
        Answers.load(tmp_path / "none.npz")
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(InputError, match="it is a named pipe"):
        Answers.load(tmp_path / "pipe.npz")
    with pytest.raises(InputError, match="cannot read"):
        Answers.load(tmp_path)
