"""A planted fault of every kind is found, by its name and its pictures; a clean set has none."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from googlenet.checks import KINDS, CheckResult, find, quick_findings, quick_lines
from googlenet.dataset import ArraySource, Dataset, Ignored, Sample, Samples, open_dataset
from tests.checks.conftest import CLASSES, MakeSet, jpeg, photo, put


def checked(data: Path) -> CheckResult:
    return find(open_dataset(data, split_rule=None))


def found(data: Path) -> dict[str, list[tuple[str, ...]]]:
    """The pictures of each finding, by kind."""
    return {kind: [one.paths for one in rows] for kind, rows in checked(data).by_kind().items()}


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return jpeg(photo(900), exif=exif)


def binary(image: Image.Image) -> Image.Image:
    return image.convert("L").point(lambda level: 255 * (level > 127))


def test_a_clean_set_has_no_finding(make_set: MakeSet) -> None:
    result = checked(make_set(splits=("train", "val")))
    assert result.findings == ()
    assert (result.pictures, result.classes) == (24, 3)


@pytest.mark.parametrize(
    ("kind", "content", "detail"),
    [
        ("undecodable", jpeg(photo(900))[:700], "truncated file"),
        ("undecodable", b"", "empty file"),
        ("undecodable", b"<html>404</html>", "a web page, which is not supported: download the picture itself"),
        ("rotated", turned(6), "stored rotated by 90 degrees (EXIF orientation 6)"),
        ("rotated", turned(3), "stored upside down (EXIF orientation 3)"),
        ("extreme_size", jpeg(photo(900, (10, 7))), "tiny: 10 x 7 px, where the median is 96 x 72"),
        ("extreme_size", jpeg(photo(900, (300, 40))), "its sides differ by a factor of 7.5: 300 x 40 px"),
        ("extreme_size", jpeg(photo(900, (1200, 800))), "huge: 1,200 x 800 px, where the median is 96 x 72"),
        (
            "dark_or_blank",
            jpeg(ImageEnhance.Brightness(photo(900)).enhance(0.2)),
            "dark: 99 % of the pixels are at most",
        ),
        ("dark_or_blank", jpeg(Image.new("RGB", (96, 72), (200, 30, 30))), "blank: all of it has nearly the same"),
        ("dark_or_blank", jpeg(photo(900).point(lambda level: 240 + level // 17)), "overexposed: 95 % of the pixels"),
        ("few_levels", jpeg(binary(photo(900)), quality=100), " of 256 levels of grey"),
    ],
)
def test_a_fault_of_one_picture(make_set: MakeSet, kind: str, content: bytes, detail: str) -> None:
    data = make_set()
    put(data / "heron" / "planted.jpg", content)
    (one,) = checked(data).findings
    assert (one.kind, one.severity, one.paths) == (kind, KINDS[kind].severity, ("heron/planted.jpg",))
    assert detail in one.detail


def test_a_picture_named_as_another_format(make_set: MakeSet) -> None:
    data = make_set()
    photo(900).save(data / "heron" / "a.png")
    (data / "heron" / "a.png").rename(data / "heron" / "a.jpg")
    put(data / "heron" / "b.JPEG", jpeg(photo(901)))
    (one,) = checked(data).findings
    assert (one.kind, one.paths, one.detail) == ("wrong_extension", ("heron/a.jpg",), "PNG named .jpg")


def test_an_exif_orientation_of_1_is_no_finding(make_set: MakeSet) -> None:
    data = make_set()
    put(data / "heron" / "upright.jpg", turned(1))
    assert found(data) == {}


def test_deep_grey_that_becomes_few_levels(make_set: MakeSet) -> None:
    data = make_set()
    values = np.random.default_rng(0).integers(0, 4096, (72, 96)).astype(np.uint16)  # 12 bits stored in 16
    Image.fromarray(values).save(data / "heron" / "deep.png")
    details = [one.detail for one in checked(data).by_kind()["few_levels"]]
    assert details[0].startswith("its values (from 0 to 4,095, where 0 is black and 65,535 is white) become 17 of 256")


COPIES: dict[str, Callable[[Path, Path], object]] = {
    "bytes": lambda source, copy: shutil.copy(source, copy),
    "pixels": lambda source, copy: Image.open(source).save(copy.with_suffix(".png")),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize(
    ("kind", "copy", "first"),
    [
        ("duplicate", "train/heron/copy.jpg", "train/heron/0.jpg"),
        ("conflicting_label", "train/magpie/copy.jpg", "train/heron/0.jpg"),
        ("leak", "val/heron/copy.jpg", "val/heron/copy.jpg"),
        ("conflicting_label", "val/magpie/copy.jpg", "val/magpie/copy.jpg"),
    ],
)
def test_copies(make_set: MakeSet, how: str, kind: str, copy: str, first: str) -> None:
    data = make_set(splits=("train", "val"))
    COPIES[how](data / "train" / "heron" / "0.jpg", data / copy)
    suffix = "png" if how == "pixels" else "jpg"
    copied = copy.replace("jpg", suffix)
    (one,) = checked(data).findings
    assert (one.kind, set(one.paths)) == (kind, {"train/heron/0.jpg", copied})
    assert one.paths[0] == first.replace("copy.jpg", f"copy.{suffix}")


def test_one_finding_a_group_whatever_its_size(make_set: MakeSet) -> None:
    data = make_set()
    for number in range(5):
        shutil.copy(data / "heron" / "0.jpg", data / "heron" / f"copy{number}.jpg")
    Image.open(data / "heron" / "0.jpg").save(data / "heron" / "copy.png")
    ((kind, groups),) = found(data).items()
    assert kind == "duplicate"
    assert [len(group) for group in groups] == [7]


@pytest.mark.parametrize(
    "change",
    [
        lambda image: jpeg(image, quality=35),
        lambda image: jpeg(image.resize((60, 45))),
        lambda image: jpeg(ImageEnhance.Brightness(image).enhance(1.15)),
        lambda image: jpeg(image.convert("L")),
        lambda image: jpeg(image.crop((1, 1, 95, 71))),
    ],
    ids=["compressed", "smaller", "brighter", "grey", "cropped"],
)
def test_near_duplicates(make_set: MakeSet, change: Callable[[Image.Image], bytes]) -> None:
    data = make_set()
    put(data / "heron" / "again.jpg", change(Image.open(data / "heron" / "0.jpg")))
    assert found(data) == {"near_duplicate": [("heron/0.jpg", "heron/again.jpg")]}


def test_a_near_duplicate_of_a_duplicate_is_one_group_of_each(make_set: MakeSet) -> None:
    data = make_set()
    shutil.copy(data / "heron" / "0.jpg", data / "heron" / "0 copy.jpg")
    put(data / "magpie" / "again.jpg", jpeg(Image.open(data / "heron" / "0.jpg"), quality=40))
    kinds = found(data)
    assert kinds["duplicate"] == [("heron/0 copy.jpg", "heron/0.jpg")]
    assert kinds["near_duplicate"] == [("heron/0 copy.jpg", "magpie/again.jpg")]


def test_blank_pictures_are_not_near_duplicates_of_each_other(make_set: MakeSet) -> None:
    data = make_set()
    for grey in (10, 130, 250):
        put(data / "heron" / f"{grey}.jpg", jpeg(Image.new("RGB", (96, 72), (grey, grey, grey))))
    assert set(found(data)) == {"dark_or_blank"}


def test_a_large_picture_is_compared_at_full_size(make_set: MakeSet) -> None:
    """JPEGs are looked at at a fraction of their size; the PNG of the same pixels is the same picture."""
    data = make_set()
    put(data / "heron" / "large.jpg", jpeg(photo(900, (1100, 1040))))
    Image.open(data / "heron" / "large.jpg").save(data / "heron" / "large.png")
    assert found(data)["duplicate"] == [("heron/large.jpg", "heron/large.png")]


def test_a_class_that_a_split_lacks(make_set: MakeSet) -> None:
    data = make_set(splits=("train", "val"))
    shutil.rmtree(data / "val" / "heron")
    (one,) = checked(data).findings
    assert (one.kind, one.severity, one.paths) == ("missing_class", "error", ("train/heron",))
    assert one.detail == "the class 'heron' is in train, but not in val"


def test_a_single_class_cannot_be_trained(make_set: MakeSet) -> None:
    data = make_set()
    for folder in [path for path in data.iterdir() if path.is_dir() and path.name != "heron"]:
        shutil.rmtree(folder)
    (one,) = checked(data).findings
    assert (one.kind, one.paths) == ("missing_class", ("heron",))
    assert one.detail == "'heron' is the only class: training needs at least 2"


def test_a_class_of_a_single_picture_cannot_be_held_back(make_set: MakeSet) -> None:
    data = make_set()
    put(data / "wren" / "1.jpg", jpeg(photo(900)))
    assert found(data)["missing_class"] == [("wren",)]


def test_imbalance_is_said_once_with_the_small_classes(make_set: MakeSet) -> None:
    data = make_set()
    for number in range(20):
        put(data / "heron" / f"more{number}.jpg", jpeg(photo(900 + number)))
    (one,) = checked(data).findings
    assert (one.kind, one.severity, one.paths) == ("imbalance", "note", ("kestrel", "magpie"))
    assert "'heron' has 24 pictures, 6 times as many as 'kestrel' with 4" in one.detail


@pytest.mark.parametrize(
    ("names", "how"),
    [
        (("Kestrel", "kestrel"), "case or invisible characters"),
        (("kestrel\u200b", "kestrel"), "case or invisible characters"),
        (("grey heron", "grey_heron"), "case, spaces or punctuation"),
        (("GreyHeron", "grey-heron"), "case, spaces or punctuation"),
        (("k\u0435strel", "kestrel"), "letters that look the same, of two alphabets"),
        (("kestrel", "kestrels"), "singular and plural"),
        (("fox", "foxes"), "singular and plural"),
        (("puppies", "puppy"), "singular and plural"),
        (("kestral", "kestrel"), "one letter"),
        (("kestre", "kestrel"), "one letter"),
        (("ketsrel", "kestrel"), "one letter"),
    ],
)
def test_names_that_differ_too_little(names: tuple[str, str], how: str) -> None:
    (one,) = quick_findings(named(*names, "magpie"))
    assert (one.kind, one.paths) == ("confusable_name", tuple(sorted(names)))
    assert one.detail.endswith(f"differ only in {how}")


@pytest.mark.parametrize(
    "names",
    [("shirt", "skirt"), ("cat", "car"), ("class 1", "class 2"), ("n01440764", "n01440765"), ("bus", "bu"), ("1", "2")],
)
def test_names_that_are_two_words_are_no_finding(names: tuple[str, str]) -> None:
    assert quick_findings(named(*names)) == ()


def named(*names: str) -> Dataset:
    """A dataset without files whose classes have these names."""
    classes = tuple(sorted(names))
    items = tuple(Sample(f"{name}/{number}.jpg", label) for label, name in enumerate(classes) for number in range(2))
    return Dataset("named", classes, {"all": Samples(classes, items, ArraySource({}))}, None, Ignored(), "")


def test_what_most_pictures_have_is_one_note(make_set: MakeSet) -> None:
    data = make_set(each=8)
    for path in data.rglob("*.jpg"):
        image = Image.open(path)
        exif = Image.Exif()
        exif[0x0112] = 8
        put(path, jpeg(image, exif=exif))
    (one,) = checked(data).findings
    assert (one.kind, one.severity, len(one.paths)) == ("rotated", "note", 24)
    assert one.detail == "24 of 24 pictures: stored rotated by 90 degrees (EXIF orientation 8), for example"


def test_the_most_severe_come_first(make_set: MakeSet) -> None:
    data = make_set(splits=("train", "val"))
    put(data / "train" / "heron" / "turned.jpg", turned(6))
    put(data / "train" / "heron" / "dark.jpg", jpeg(Image.new("RGB", (96, 72))))
    put(data / "train" / "heron" / "empty.jpg", b"")
    assert [one.severity for one in checked(data).findings] == ["error", "warning", "note"]


def test_a_tar_has_the_findings_of_its_folder(make_set: MakeSet, tmp_path: Path) -> None:
    data = make_set(splits=("train", "val"))
    shutil.copy(data / "train" / "heron" / "0.jpg", data / "val" / "heron" / "copy.jpg")
    put(data / "train" / "magpie" / "bad.jpg", jpeg(photo(900))[:700])
    put(data / "train" / "magpie" / "turned.jpg", turned(8))
    with tarfile.open(tmp_path / "birds.tar", "w") as tar:
        tar.add(data, arcname="birds")
    packed = checked(tmp_path / "birds.tar")
    assert packed.findings == checked(data).findings
    assert packed.data == str(tmp_path / "birds.tar")
    assert {one.kind for one in packed.findings} == {"undecodable", "leak", "rotated"}


def test_paths_are_relative_to_the_folder_that_the_result_names(make_set: MakeSet) -> None:
    data = make_set(root="wrapped/birds")
    put(data / "heron" / "empty.jpg", b"")
    result = checked(data.parent)
    assert [(Path(result.data) / path).exists() for one in result.findings for path in one.paths] == [True]


def test_hostile_names_are_found_as_they_are(make_set: MakeSet) -> None:
    data = make_set()
    names = [f"heron/{name}.jpg" for name in ("a\nb", "\x1b[2J", "# a", ' "q" ', "\udcff")]
    for name in names:
        put(data / name, b"")
    assert {path for (path,) in found(data)["undecodable"]} == set(names)


def test_what_train_says_before_it_begins(make_set: MakeSet) -> None:
    data = make_set(splits=("train", "val"))
    shutil.copy(data / "train" / "heron" / "0.jpg", data / "val" / "heron" / "copy.jpg")
    shutil.copy(data / "train" / "heron" / "1.jpg", data / "val" / "heron" / "copy1.jpg")
    shutil.copy(data / "train" / "heron" / "2.jpg", data / "train" / "magpie" / "copy.jpg")
    assert quick_lines(open_dataset(data)) == [
        "error: conflicting_label: 2 copies in the classes 'heron', 'magpie' "
        "('train/heron/2.jpg', 'train/magpie/copy.jpg')",
        "error: leak: 2 copies in the class 'heron', in train and val ('val/heron/copy.jpg', 'train/heron/0.jpg'); "
        "1 more, which googlenet check lists",
    ]
    assert quick_lines(open_dataset(make_set(root="clean"))) == []


def test_copies_are_no_leak_where_a_rule_makes_the_split(make_set: MakeSet) -> None:
    data = make_set(each=10)
    for number in range(10):
        shutil.copy(data / "heron" / f"{number}.jpg", data / "heron" / f"copy{number}.jpg")
    assert {one.kind for one in quick_findings(open_dataset(data))} == {"duplicate"}


def test_every_kind_has_a_row_and_a_planted_case() -> None:
    text = Path(__file__).read_text() + (Path(__file__).parent / "test_suspect_labels.py").read_text()
    assert [kind for kind in KINDS if f'"{kind}"' not in text] == []


def test_an_embedded_set_is_checked_too() -> None:
    pytest.importorskip("sklearn")
    result = find(open_dataset("digits", split_rule=None))
    assert {one.kind for one in result.findings} <= {"few_levels"}
    assert all(one.severity == "note" for one in result.findings)


def test_classes_are_those_of_the_fixture(make_set: MakeSet) -> None:
    assert open_dataset(make_set()).classes == CLASSES
