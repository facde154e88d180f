"""Pictures of every kind go in, ranked classes come out in order, and a bad picture is a row of its own."""

from __future__ import annotations

import array
import io
import mmap
import os
import re
import sys
import tarfile
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image

from googlenet.classifier import Classifier, Prediction, rank_classes
from googlenet.engines import EnsembleEngine, Extra, FunctionEngine, Member, Outputs
from googlenet.errors import DataError, InputError, ModelFileError
from googlenet.images import Preprocessing, reading
from googlenet.model import ClassLabel

CLASSES = (ClassLabel("r", "red"), ClassLabel("g", "green"), ClassLabel("b", "blue"))
LEFT_HALF = (np.arange(8) < 4).astype(np.uint8)[:, np.newaxis]
COLOURS = {"red": (250, 10, 10), "green": (10, 250, 10), "blue": (10, 10, 250)}


def strongest_colour(squares: NDArray[np.uint8]) -> NDArray[np.float64]:
    assert squares.dtype == np.uint8
    assert squares.shape[1:] == (8, 8, 3)
    means = squares.mean(axis=(1, 2))
    return np.asarray(means / means.sum(axis=1, keepdims=True))


@pytest.fixture
def classifier() -> Classifier:
    preprocessing = Preprocessing(8, 10, "crop", "RGB", (0.0,) * 3, (1.0,) * 3)
    return Classifier(FunctionEngine(strongest_colour), preprocessing, CLASSES)


def picture(colour: str, size: tuple[int, int] = (20, 15)) -> Image.Image:
    return Image.new("RGB", size, COLOURS[colour])


def png(colour: str) -> bytes:
    file = io.BytesIO()
    picture(colour).save(file, "PNG")
    return file.getvalue()


def test_every_kind_of_picture_is_understood(classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "green.png"
    path.write_bytes(png("green"))
    for source in (path, str(path), png("green"), picture("green"), np.array(picture("green"))):
        best = classifier.predict(source).best
        assert (best.label, best.name) == ("g", "green")
        assert best.probability == pytest.approx(250 / 270)


def test_a_picture_is_read_from_whatever_holds_its_bytes(classifier: Classifier, tmp_path: Path) -> None:
    path, data = tmp_path / "green.png", png("green")
    path.write_bytes(data)
    with path.open("rb") as file, path.open("rb", buffering=0) as raw, zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr("green.png", data)
        with made.open("green.png") as member, mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            sources: list[Any] = [file, raw, member, mapped, io.BytesIO(data), bytearray(data), memoryview(data)]
            sources += [array.array("B", data)]
            predictions = [classifier.predict(source) for source in sources]
    assert [prediction.best.name for prediction in predictions] == ["green"] * len(sources)
    names = [str(path), str(path), "green.png", *["picture 0"] * 5]
    assert [prediction.image for prediction in predictions] == names
    assert [one.best.name for one in classifier.predict([io.BytesIO(data), bytearray(data)])] == ["green", "green"]


def test_a_file_that_is_closed_or_open_as_text_is_told_apart_from_a_bad_picture(
    classifier: Classifier, tmp_path: Path
) -> None:
    path = tmp_path / "green.png"
    path.write_bytes(png("green"))
    closed = path.open("rb")
    closed.close()
    assert classifier.predict(closed).error == "cannot be read (read of closed file)"
    with path.open(encoding="latin-1") as text, pytest.raises(InputError, match=r"binary mode: open\(path, 'rb'\)"):
        classifier.predict(text)


@pytest.mark.parametrize(
    ("source", "named"),
    [(7, "7"), (None, "None"), (object(), "an object"), ({"a.png": png("red")}, "a dict"), ({}, "a dict")],
)
def test_what_is_no_picture_is_refused_at_the_call(classifier: Classifier, source: Any, named: str) -> None:
    known = re.escape("a picture or a list of pictures (a path, bytes, a file open in binary mode, a Pillow picture or")
    for call in (classifier.predict, classifier.predict_proba, classifier.embed):
        with pytest.raises(InputError, match=f"images must be {known} a NumPy array\\), not {named}"):
            call(source)


@pytest.mark.parametrize("source", [[7], (None,), [png("red"), "a.png", {}], np.array([None])])
def test_a_list_with_something_that_is_no_picture_is_refused_at_the_call(classifier: Classifier, source: Any) -> None:
    with pytest.raises(InputError, match="a picture must be a path, bytes, a file open in binary mode, a Pillow"):
        classifier.predict(source)


def test_a_tensor_is_refused_at_the_call_and_not_taken_for_many_pictures(classifier: Classifier) -> None:
    class Tensor:
        """As torch, jax and others have them."""

        def __iter__(self) -> Iterator[Any]:
            return iter([self])

        def __dlpack__(self) -> Any:
            raise AssertionError("nobody asks for it")

    with pytest.raises(InputError, match="not a Tensor"):
        classifier.predict(Tensor())


def test_only_regular_files_are_read_and_never_waited_for(classifier: Classifier, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "endless.jpg").symlink_to("/dev/zero")
    (tmp_path / "sparse.jpg").write_bytes(b"\xff\xd8\xff")
    os.truncate(tmp_path / "sparse.jpg", 40 * 10**9)
    names = ("pipe.jpg", "endless.jpg", "sparse.jpg")
    assert [one.error for one in classifier.predict([tmp_path / name for name in names])] == [
        "cannot be read (a named pipe, not a regular file)",
        "cannot be read (a device, not a regular file)",
        "too large: a file of 40.0 GB, the limit is 1.1 GB",
    ]


def test_an_endless_file_object_is_a_bad_picture(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "FILE_LIMIT", 10**6)
    with open("/dev/zero", "rb") as file:
        assert classifier.predict(file).error == "too large: a file of 0.0 GB, the limit is 0.0 GB"


def test_an_address_and_an_archive_say_what_to_do(classifier: Classifier, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "photos.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("empty.jpg"))
    address, archive = classifier.predict(["https://example.org/cat.jpg?size=1", tmp_path / "photos.tar"])
    assert address.error == "a URL, not a file: download it first"
    assert archive.error == (
        "a tar archive, which is not supported: unpack it and name the folder; `predict` and `evaluate` read a file "
        "that ends in .tar as it is"
    )


def test_an_almost_black_16_bit_picture_is_predicted_with_a_note(classifier: Classifier, tmp_path: Path) -> None:
    ramp = np.linspace(0, 4095, 400).astype(np.uint16).reshape(20, 20)
    Image.fromarray(ramp).save(tmp_path / "12bit.png")
    dark, plain = classifier.predict([tmp_path / "12bit.png", png("red")])
    assert dark.error is None
    assert dark.note is not None
    assert "become 17 of 256 levels" in dark.note
    assert plain.note is None


def test_a_grey_array_is_a_grey_picture(classifier: Classifier) -> None:
    ranking = classifier.predict(np.full((9, 9), 77, np.uint8)).ranking
    assert [one.probability for one in ranking] == pytest.approx([1 / 3] * 3)


def test_a_pillow_picture_is_checked_as_its_file_would_be(classifier: Classifier, tmp_path: Path) -> None:
    left_half = FunctionEngine(lambda squares: (squares * LEFT_HALF).mean(axis=(1, 2)))
    classifier = replace(classifier, engine=left_half)
    turned = Image.new("RGB", (16, 16), COLOURS["blue"])
    turned.paste(COLOURS["red"], (0, 0, 8, 16))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 3
    turned.save(tmp_path / "turned.png", exif=exif)
    Image.new("RGBA", (16, 16), (250, 10, 10, 128)).save(tmp_path / "transparent.png")
    Image.new("I;16", (16, 16), 40_000).save(tmp_path / "deep.png")
    for name, best, brightness in (
        ("turned.png", "blue", 121),
        ("transparent.png", "red", 126),
        ("deep.png", "red", 78),
    ):
        from_file = classifier.predict(tmp_path / name)
        with Image.open(tmp_path / name) as opened:
            assert classifier.predict(opened) == from_file
        assert from_file.best.name == best
        assert from_file.best.probability == pytest.approx(brightness, abs=1)


def test_a_pillow_picture_of_a_truncated_file_is_bad(classifier: Classifier, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    Image.fromarray(generator.integers(0, 256, (64, 64, 3), np.uint8)).save(tmp_path / "noise.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "noise.png").read_bytes()[:3000])
    with Image.open(tmp_path / "half.png") as opened:
        assert classifier.predict(opened).error is not None


def test_an_answer_that_is_not_finite_is_an_error_and_no_ranking(classifier: Classifier) -> None:
    broken = Classifier(
        FunctionEngine(lambda squares: np.full((len(squares), 3), np.nan)), classifier.preprocessing, CLASSES
    )
    with pytest.raises(ModelFileError, match="the network's answer is not a finite number"):
        broken.predict(picture("red"))


def test_the_ranking_is_as_long_as_asked_and_at_most_all_classes(classifier: Classifier) -> None:
    assert [one.name for one in classifier.predict(png("blue"), top=1).ranking] == ["blue"]
    assert len(classifier.predict(png("blue"), top=9).ranking) == 3


def test_equally_probable_classes_keep_their_order() -> None:
    classes = tuple(ClassLabel(f"{number:02}", "") for number in range(50))
    probabilities = np.full(50, 0.01, np.float32)
    probabilities[[7, 40]] = 0.26
    labels = [one.label for one in rank_classes(probabilities, classes, top=50)]
    assert labels == ["07", "40", *(label.id for label in classes if label.id not in ("07", "40"))]


@pytest.mark.parametrize("batch", [1, 2, 3, 16])
def test_many_pictures_are_answered_in_order_with_bad_ones_among_them(
    batch: int, classifier: Classifier, tmp_path: Path
) -> None:
    colours = ["red", "blue", None, "green", None, None, "blue", "red"]
    sources: list[Any] = []
    for number, colour in enumerate(colours):
        path = tmp_path / f"{number}.png"
        path.write_bytes(png(colour) if colour else b"no picture")
        sources.append(path)
    predictions = list(classifier.predict(sources, batch=batch))
    assert [prediction.image for prediction in predictions] == [str(path) for path in sources]
    assert [None if one.error else one.best.name for one in predictions] == colours


def test_a_missing_file_is_an_error_of_its_own_row(classifier: Classifier, tmp_path: Path) -> None:
    missing, good = classifier.predict([tmp_path / "nowhere.jpg", png("red")])
    assert missing == Prediction(str(tmp_path / "nowhere.jpg"), (), "cannot be read (No such file or directory)")
    assert good.best.name == "red"
    with pytest.raises(DataError, match=r"nowhere\.jpg: cannot be read"):
        _ = missing.best


def test_what_is_no_picture_says_so(classifier: Classifier, tmp_path: Path) -> None:
    folder, text, empty, nameless = classifier.predict([tmp_path, b"hello", b"", "a\0b"])
    assert folder.error == "cannot be read (Is a directory)"
    assert text.error == "not a picture"
    assert empty.error == "empty file"
    assert nameless.error == "cannot be read (embedded null byte)"


def test_pictures_without_a_path_are_named_by_their_position(classifier: Classifier, tmp_path: Path) -> None:
    picture("red").save(tmp_path / "red.png")
    with Image.open(tmp_path / "red.png") as opened:
        names = [one.image for one in classifier.predict([png("red"), picture("red"), opened])]
    assert names == ["picture 0", "picture 1", str(tmp_path / "red.png")]


def test_an_endless_stream_is_answered_while_it_is_read(classifier: Classifier) -> None:
    taken = []

    def stream() -> Iterator[bytes]:
        while True:
            taken.append(1)
            yield png("green")

    predictions = classifier.predict(stream(), batch=4)
    assert next(predictions).best.name == "green"
    assert len(taken) <= 16
    predictions.close()  # type: ignore[attr-defined]


def test_the_interpreter_is_not_told_to_keep_the_names_of_pictures(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Path has each interned: 9 MB of 100,000 that stay in Python 3.12.1, a table that moves in others."""
    name = "one of a hundred thousand.png"
    (tmp_path / name).write_bytes(png("green"))
    interned = []

    def intern(text: str) -> str:
        interned.append(text)
        return text

    monkeypatch.setattr(sys, "intern", intern)
    predictions = list(classifier.predict(iter([f"{tmp_path}/{name}"])))
    assert [one.best.name for one in predictions] == ["green"]
    assert name not in interned


@pytest.mark.parametrize("batch", [1, 16, 500])
@pytest.mark.parametrize("crops", [10, 144])
def test_probabilities_are_averaged_over_crops_whatever_the_batches(
    classifier: Classifier, tmp_path: Path, crops: int, batch: int
) -> None:
    """The mirrored half of the views turns the left half into the right one: the average sees both alike."""
    left_half = FunctionEngine(lambda squares: (squares * LEFT_HALF).mean(axis=(1, 2)))
    halves = Image.new("RGB", (16, 16), COLOURS["blue"])
    halves.paste(COLOURS["red"], (0, 0, 8, 16))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    one_sided = replace(classifier, engine=left_half)
    shares = {one.name: one.probability for one in one_sided.predict(halves).ranking}
    assert shares["red"] > 10 * shares["blue"]
    sources: list[Any] = [halves, tmp_path / "bad.png", halves]
    first, bad, second = one_sided.predict(sources, crops=crops, batch=batch)
    assert bad.error == "not a picture"
    assert first.ranking == second.ranking
    shares = {one.name: one.probability for one in first.ranking}
    assert shares["red"] == pytest.approx(shares["blue"], rel=0.05)  # a centre may be half a pixel off


def test_a_temperature_changes_the_probabilities_of_one_crop_of_one_model_and_no_ranking(
    classifier: Classifier,
) -> None:
    mixed = Image.new("RGB", (16, 16), (200, 120, 60))
    warm = replace(classifier, temperature=2.0)
    plain, scaled = (one.predict(mixed).ranking for one in (classifier, warm))
    assert [one.label for one in plain] == [one.label for one in scaled]
    roots = [one.probability**0.5 for one in plain]
    assert [one.probability for one in scaled] == pytest.approx([root / sum(roots) for root in roots], abs=1e-6)
    assert warm.predict(mixed, features=False, top=1).ranking == scaled[:1]
    for crops in (10, 144):
        assert warm.predict(mixed, crops=crops).ranking == classifier.predict(mixed, crops=crops).ranking
    member = Member(classifier.engine, classifier.preprocessing)
    both = replace(warm, engine=EnsembleEngine((member, member)))
    assert both.predict(mixed).ranking == plain
    shown = {one.label: one.probability for one in scaled}
    assert warm.predict_proba([mixed])[0].tolist() == pytest.approx([shown[one.id] for one in CLASSES])
    assert both.predict_proba(mixed).tolist() == classifier.predict_proba(mixed).tolist()


def test_classes_that_a_temperature_makes_equal_keep_their_ranks() -> None:
    probabilities = np.array([0.2, np.nextafter(np.float32(0.2), np.float32(1)), 0.6], np.float32)
    classes = tuple(ClassLabel(label, label) for label in "abc")
    ranking = rank_classes(probabilities, classes, temperature=20.0)
    assert [one.label for one in ranking] == ["c", "b", "a"]


def test_members_of_an_ensemble_see_the_squares_that_they_were_made_for(classifier: Classifier) -> None:
    """One sees the centre, which is red; the other the whole picture, which is mostly blue."""
    centre = replace(classifier.preprocessing, resize_size=80)
    whole = replace(classifier.preprocessing, resize_size=8)
    picture = Image.new("RGB", (160, 160), COLOURS["blue"])
    picture.paste(COLOURS["red"], (60, 60, 100, 100))
    engine = FunctionEngine(strongest_colour)
    alone = [replace(classifier, preprocessing=one).predict(picture).ranking for one in (centre, whole)]
    assert [ranking[0].name for ranking in alone] == ["red", "blue"]
    ensemble = EnsembleEngine((Member(engine, centre), Member(engine, whole)))
    together = replace(classifier, engine=ensemble).predict(picture).ranking
    for label in "rgb":
        mean = sum(one.probability for ranking in alone for one in ranking if one.label == label) / 2
        assert [one.probability for one in together if one.label == label] == pytest.approx([mean])


def test_features_come_with_their_pictures_and_bad_ones_have_none(classifier: Classifier, tmp_path: Path) -> None:
    class Brightness:
        name = "brightness"

        def run(self, images: NDArray[np.uint8], *, also: Collection[Extra] = ()) -> Outputs:
            colours = np.asarray(images.mean(axis=(1, 2)), np.float32)
            return Outputs(np.divide(colours, 255, dtype=np.float32), colours if also else None)

    classifier = replace(classifier, engine=Brightness())
    sources: list[Any] = [png("red"), tmp_path / "missing.png", png("blue")]
    red, missing, blue = classifier.predict(sources, features=True)
    assert missing.features is None
    for prediction, colour in ((red, "red"), (blue, "blue")):
        assert prediction.features is not None
        assert prediction.features.dtype == np.float32
        np.testing.assert_allclose(prediction.features, COLOURS[colour])
    assert classifier.predict(png("red")).features is None
    assert classifier.predict(png("red")) == red


def test_no_pictures_give_no_predictions(classifier: Classifier) -> None:
    assert list(classifier.predict([])) == []


@pytest.mark.parametrize(
    ("array", "named"),
    [
        (np.zeros((4, 4, 3), np.float32), r"\(4, 4, 3\) float32"),
        (np.zeros((3, 4, 4), np.uint8), r"\(3, 4, 4\) uint8"),
        (np.zeros((2, 4, 4, 3), np.float32), r"\(2, 4, 4, 3\) float32"),
        (np.zeros((2, 5, 4, 4), np.uint8), r"\(2, 5, 4, 4\) uint8"),
        (np.zeros((0, 4, 3), np.uint8), r"\(0, 4, 3\) uint8"),
    ],
)
def test_an_array_that_is_no_picture_is_the_callers_mistake(
    array: NDArray[Any], named: str, classifier: Classifier
) -> None:
    with pytest.raises(
        InputError, match=rf"an array must be \(H, W, 3\) or \(H, W\) uint8 to be a picture, not {named}"
    ):
        classifier.predict(array)


def test_something_else_is_the_callers_mistake(classifier: Classifier) -> None:
    with pytest.raises(InputError, match="not 7"):
        list(classifier.predict(iter([7])))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="top must be an integer of at least 1, not 0"):
        classifier.predict(png("red"), top=0)
    with pytest.raises(InputError, match="there is no protocol with 3 crops; choose one of 1, 10, 144"):
        classifier.predict(png("red"), crops=3)


@pytest.mark.parametrize("answer", [np.nan, np.inf])
def test_an_answer_that_is_no_number_is_refused_and_never_ranked(answer: float) -> None:
    with pytest.raises(ModelFileError, match="is not a finite number; its weights cannot be used"):
        rank_classes(np.array([0.5, answer], np.float32), (ClassLabel("a", "a"), ClassLabel("b", "b")))
