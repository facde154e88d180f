"""`pack`: shards that WebDataset's rules accept, with an index that says where every picture is."""

from __future__ import annotations

import gc
import hashlib
import io
import json
import re
import tarfile
import zlib
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from googlenet.dataset import SHARD_SIZE, Packed, check_pack, open_dataset, pack
from googlenet.dataset.shard_index import ShardIndex, decode_set_index, decode_shard_index
from googlenet.errors import DataError, InputError

KEY = re.compile(r"^((?:.*/|)[^.]+)[.]([^/]*)$")
"""How WebDataset's documentation divides a member's name: the key ends at the first dot of the file's name."""

NAMES = (
    "cat/a.jpg",
    "cat/a.png",
    "cat/v1.2.jpg",
    "cat/v1.3.jpg",
    "cat/sub.d/x.JPG",
    "dog/Zoë.png",
    f"dog/{'long' * 50}.jpg",
    "dog/__meta__.png",
)


def picture(seed: int, size: tuple[int, int] = (40, 30), kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Pictures whose names a tar or WebDataset could mistake."""
    for number, name in enumerate(NAMES):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(number, kind="PNG" if name.endswith(".png") else "JPEG"))
    return tmp_path / "data"


def packed(
    data: Path, folder: Path, *, resize: int | None = None, shard_size: int = SHARD_SIZE, seed: int = 0
) -> Packed:
    dataset = open_dataset(data, split_rule=None)
    return pack(dataset, folder, resize=resize, shard_size=shard_size, seed=seed)


def index_of(tar: Path) -> ShardIndex:
    path = tar.with_name(f"{tar.stem}.index.json")
    return decode_shard_index(path.read_bytes(), where=str(path))


def samples(tar: Path) -> list[dict[str, bytes]]:
    """The members as WebDataset groups them: by the key of neighbours."""
    with tarfile.open(tar) as file:
        named = [(KEY.match(one.name), file.extractfile(one)) for one in file]
        parts = [(found[1], found[2], content.read()) for found, content in named if found and content]
    return [
        {"key": key.encode()} | {kind: one for _, kind, one in rows} for key, rows in groupby(parts, lambda p: p[0])
    ]


def test_each_picture_is_a_sample_of_webdataset(data: Path, tmp_path: Path) -> None:
    packed(data, tmp_path / "out")
    found = samples(tmp_path / "out" / "000000.tar")
    assert len({one["key"] for one in found}) == len(NAMES)
    for one in found:
        about = json.loads(one["json"])
        (kind,) = one.keys() - {"key", "cls", "json"}
        assert kind in ("jpg", "png")
        assert one[kind] == (data / about["name"]).read_bytes()
        assert ["cat", "dog"][int(one["cls"])] == about["class"] == about["name"].partition("/")[0]
        assert not one["key"].startswith(b"__")
    assert sorted(json.loads(one["json"])["name"] for one in found) == sorted(NAMES)


def test_the_index_leads_to_each_picture(data: Path, tmp_path: Path) -> None:
    out = packed(data, tmp_path / "out", shard_size=30_000).folder
    whole = decode_set_index((out / "index.json").read_bytes(), where="index.json")
    assert len(whole.shards) > 1
    names = []
    for entry in whole.shards:
        content = (out / entry.file).read_bytes()
        assert len(content) == entry.bytes <= 30_000
        assert hashlib.sha256(content).hexdigest() == entry.sha256
        index = index_of(out / entry.file)
        assert (index.bytes, index.split, len(index.pictures)) == (entry.bytes, "all", entry.pictures)
        for one in index.pictures:
            names.append(one.name)
            stored = content[one.offset : one.offset + one.size]
            assert stored == (data / one.name).read_bytes()
            assert zlib.crc32(stored) == one.crc32
            assert index.classes[one.label] == one.name.partition("/")[0]
    assert sorted(names) == sorted(NAMES)
    assert names != sorted(NAMES)  # in random order, for programs that read shards from their beginning
    assert whole.pictures == {"all": {"cat": 5, "dog": 3}}


def test_the_same_pictures_give_the_same_bytes(data: Path, tmp_path: Path) -> None:
    one, other = (packed(data, tmp_path / name).index for name in ("one", "other"))
    assert one == other
    assert packed(data, tmp_path / "third", seed=1).index.shards != one.shards


def test_splits_have_shards_of_their_own(tmp_path: Path) -> None:
    for split, number in (("train", 3), ("val", 2)):
        for label in ("cat", "dog"):
            for index in range(number):
                path = tmp_path / "data" / split / label / f"{index}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(picture(index))
    out = packed(tmp_path / "data", tmp_path / "out")
    assert [(one.file, one.split, one.pictures) for one in out.index.shards] == [
        ("train-000000.tar", "train", 6),
        ("val-000000.tar", "val", 4),
    ]
    assert out.index.pictures == {"train": {"cat": 3, "dog": 3}, "val": {"cat": 2, "dog": 2}}


def test_larger_pictures_are_reduced_and_the_others_kept_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "cat"
    folder.mkdir(parents=True)
    for name, size, kind in (
        ("big.png", (90, 60), "PNG"),
        ("equal.jpg", (70, 32), "JPEG"),
        ("small.png", (9, 8), "PNG"),
    ):
        (folder / name).write_bytes(picture(1, size, kind))
    out = packed(tmp_path / "data", tmp_path / "out", resize=32).folder
    stored = {json.loads(one["json"])["name"]: one for one in samples(out / "000000.tar")}
    assert Image.open(io.BytesIO(stored["cat/big.png"]["jpg"])).size == (48, 32)
    assert stored["cat/equal.jpg"]["jpg"] == (folder / "equal.jpg").read_bytes()
    assert stored["cat/small.png"]["png"] == (folder / "small.png").read_bytes()


def test_pictures_that_cannot_be_read_are_left_out_and_named(data: Path, tmp_path: Path) -> None:
    path = data / "cat" / "a.jpg"
    path.write_bytes(path.read_bytes()[:-400])
    (data / "dog" / "empty.png").write_bytes(b"")
    out = packed(data, tmp_path / "out")
    assert sorted(out.bad) == [("cat/a.jpg", "truncated file"), ("dog/empty.png", "empty file")]
    assert out.to_dict()["pictures"] == len(NAMES) - 1


def test_nothing_is_left_where_no_picture_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "data" / "cat").mkdir(parents=True)
    (tmp_path / "data" / "cat" / "1.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"none of the 1 pictures of data can be read: empty file"):
        packed(tmp_path / "data", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_only_a_folder_of_shards_is_replaced(data: Path, tmp_path: Path) -> None:
    out = packed(data, tmp_path / "out").folder
    with pytest.raises(InputError, match="already exists; give OUT another name, or --force to replace it"):
        check_pack(out)
    check_pack(out, force=True)
    with pytest.raises(InputError, match="is not a folder of shards"):
        check_pack(data, force=True)
    (out / "000000.tar").write_bytes(b"old")
    packed(data, out)
    assert len(samples(out / "000000.tar")) == len(NAMES)
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_what_a_killed_run_left_behind_is_not_in_the_shards(data: Path, tmp_path: Path) -> None:
    left = tmp_path / "out.partial"
    left.mkdir()
    (left / "000007.tar").write_bytes(b"half a shard")
    out = packed(data, tmp_path / "out").folder
    assert sorted(path.name for path in out.iterdir()) == ["000000.index.json", "000000.tar", "index.json"]
    assert not left.exists()


def test_the_embedded_set_can_be_packed(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    dataset = open_dataset("digits", split_rule=None)
    out = pack(dataset, tmp_path / "out", shard_size=2_000_000)
    assert out.to_dict()["pictures"] == 1797
    (first, *_) = samples(out.folder / "000000.tar")
    assert Image.open(io.BytesIO(first["png"])).size == (8, 8)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_library_webdataset_reads_our_shards(data: Path, tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    out = packed(data, tmp_path / "out", shard_size=30_000)
    shards = [str(out.folder / one.file) for one in out.index.shards]
    read = list(webdataset.WebDataset(shards, shardshuffle=False).decode("rgb8"))
    gc.collect()  # of the files that it leaves open
    assert len(read) == len(NAMES)
    (index,) = (n for n, one in enumerate(read) if one["json"]["name"] == NAMES[0])
    assert np.array_equal(read[index]["jpg"], np.asarray(Image.open(data / NAMES[0])))
    for one in read:
        image = one.get("jpg", one.get("png"))
        assert image.shape == (30, 40, 3)
        assert ["cat", "dog"][one["cls"]] == one["json"]["class"]


def test_we_read_the_shards_of_the_library_webdataset(tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    with webdataset.ShardWriter(str(tmp_path / "train-%06d.tar"), maxcount=4, verbose=0) as writer:
        for number in range(6):
            writer.write({"__key__": f"sample{number:04}", "jpg": picture(number), "cls": number % 3})
    dataset = open_dataset(f"{tmp_path}/train-{{000000..000001}}.tar", split_rule=None)
    assert dataset.classes == ("0", "1", "2")
    samples_read = dataset.splits["train"]
    assert [one.name for one in samples_read.items][:2] == [
        "train-000000/sample0000.jpg",
        "train-000000/sample0001.jpg",
    ]
    assert [samples_read.read(index) for index in range(6)] == [picture(number) for number in range(6)]
    assert samples_read.labels.tolist() == [0, 1, 2, 0, 1, 2]
