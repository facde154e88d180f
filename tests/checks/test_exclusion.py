"""What a check lists for exclusion, and that a second check without it finds nothing to exclude."""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import Image

from googlenet.checks import exclude_sections, find
from googlenet.dataset import open_dataset, read_exclude, write_exclude
from tests.checks.conftest import MakeSet, jpeg, put


def test_the_list_leaves_a_set_without_errors(make_set: MakeSet, tmp_path: Path) -> None:
    data = make_set(splits=("train", "val"))
    put(data / "train" / "heron" / "empty.jpg", b"")
    put(data / "train" / "heron" / "dark.jpg", jpeg(Image.new("RGB", (96, 72))))
    shutil.copy(data / "train" / "heron" / "0.jpg", data / "train" / "heron" / "copy.jpg")
    shutil.copy(data / "train" / "heron" / "1.jpg", data / "val" / "heron" / "leaked.jpg")
    shutil.copy(data / "train" / "heron" / "2.jpg", data / "train" / "magpie" / "conflict.jpg")
    dataset = open_dataset(data, split_rule=None)
    written = write_exclude(tmp_path / "exclude.txt", exclude_sections(find(dataset)), heading="a test")
    names = read_exclude(written)
    assert names == {
        "train/heron/empty.jpg",
        "train/heron/copy.jpg",
        "train/heron/1.jpg",  # the copy in val stays
        "train/heron/2.jpg",
        "train/magpie/conflict.jpg",
    }
    assert "\n# train/heron/dark.jpg\n" in written.read_text()
    assert {one.kind for one in find(dataset.without(names)).findings} == {"dark_or_blank"}


def test_a_clean_set_lists_nothing(make_set: MakeSet) -> None:
    assert exclude_sections(find(open_dataset(make_set(), split_rule=None))) == []
