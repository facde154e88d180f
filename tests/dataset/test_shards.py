"""Shards as a dataset: the same pictures, classes and splits as the folder, whatever the tars are called or contain."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from googlenet.dataset import Dataset, ShardSource, SplitRule, hold_back, open_dataset, pack, remote
from googlenet.dataset.shard_names import expand_braces, find_shards
from googlenet.errors import DataError, InputError
from googlenet.images import BadImage
from tests.range_server import RangeHandler, RangeServer, serving


def picture(seed: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (24, 32, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def write_tar(path: Path, members: Mapping[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def content(dataset: Dataset) -> dict[str, dict[str, tuple[str, bytes]]]:
    """Class and bytes of each picture of each split."""
    found = {}
    for split, samples in dataset.splits.items():
        read = [samples.read(index) for index in range(len(samples))]
        rows = zip(samples.items, read, strict=True)
        found[str(split)] = {one.name: (samples.classes[one.label], bytes(data)) for one, data in rows}  # type: ignore[arg-type]
    return found


def reasons(dataset: Dataset) -> dict[str, str]:
    (samples,) = dataset.splits.values()
    read = {one.name: samples.decode(index) for index, one in enumerate(samples.items)}
    return {name: one.reason for name, one in read.items() if isinstance(one, BadImage)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 pictures of each of 2 classes."""
    data = tmp_path_factory.mktemp("folder") / "data"
    for label in ("cat", "dog"):
        (data / label).mkdir(parents=True)
        for number in range(12):
            (data / label / f"{number:02}.v1.png").write_bytes(picture(number + 100 * (label == "cat")))
    return data


@pytest.fixture(scope="module")
def packed(folder: Path) -> Path:
    """The same in several shards."""
    out = folder.parent / "shards"
    pack(open_dataset(folder, split_rule=None), out, shard_size=36_000)
    assert len(list(out.glob("*.tar"))) > 2
    return out


@pytest.fixture
def shards(packed: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return shutil.copytree(packed, tmp_path / "shards")


@pytest.mark.parametrize("pattern", ["shards", "shards/*.tar", "shards/00000{0..9}.tar", "shards/{000000..000009}.tar"])
@pytest.mark.parametrize("has_index", [True, False])
def test_shards_are_the_dataset_that_was_packed(folder: Path, shards: Path, pattern: str, has_index: bool) -> None:
    last = len(list(shards.glob("*.tar"))) - 1
    if not has_index:
        for path in shards.glob("*.json"):
            path.unlink()
    data = str(shards.parent / pattern.replace("..9}", f"..{last}}}").replace("000009", f"00000{last}"))
    rule = SplitRule(3, 0.25)
    found, expected = open_dataset(data, split_rule=rule), open_dataset(folder, split_rule=rule)
    assert (found.name, found.classes, found.fingerprint) == ("shards", ("cat", "dog"), expected.fingerprint)
    assert content(found) == content(expected)
    assert [one.items for one in found.splits.values()] == [one.items for one in expected.splits.values()]
    assert found.ignored.sentence() is None


def test_a_source_can_be_sent_to_another_process(packed: Path) -> None:
    source = open_dataset(packed, split_rule=None).splits["all"].source
    assert isinstance(source, ShardSource)
    again = pickle.loads(pickle.dumps(source))
    assert again.read("cat/00.v1.png") == picture(100)
    assert again.size("cat/00.v1.png") == len(picture(100))


def test_one_shard_and_some_shards_can_be_named(packed: Path) -> None:
    one = open_dataset(packed / "000000.tar", split_rule=None)
    two = open_dataset(f"{packed}/00000{{0,1}}.tar", split_rule=None)
    assert one.classes == two.classes == ("cat", "dog")
    assert one.names < two.names
    assert one.name == "000000"


def test_splits_stay_splits(tmp_path: Path) -> None:
    for number, place in enumerate(("train/cat/1", "train/cat/2", "train/dog/1", "val/cat/1", "val/dog/3")):
        path = tmp_path / "data" / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(number))
    pack(open_dataset(tmp_path / "data", split_rule=None), tmp_path / "out")
    expected = content(open_dataset(tmp_path / "data"))
    assert content(open_dataset(tmp_path / "out")) == expected
    for path in (tmp_path / "out").glob("*.json"):
        path.unlink()
    assert content(open_dataset(tmp_path / "out")) == expected


def test_a_missing_truncated_or_damaged_shard_makes_its_pictures_bad(shards: Path) -> None:
    """The others stay good; every reason names the shard."""
    names = {tar: json.loads((shards / f"{tar}.index.json").read_bytes())["pictures"] for tar in ("000000", "000001")}
    (shards / "000000.tar").unlink()
    cut = names["000001"][1][2]
    with (shards / "000001.tar").open("r+b") as file:
        file.truncate(cut + 20)
        file.seek(names["000001"][0][2] + 50)
        file.write(b"\0\0")
    bad = reasons(open_dataset(shards, split_rule=None))
    missing = {row[0]: f"cannot be read ({shards}/000000.tar: No such file or directory)" for row in names["000000"]}
    truncated = {row[0]: f"cannot be read ({shards}/000001.tar is truncated)" for row in names["000001"][1:]}
    damaged = {names["000001"][0][0]: f"cannot be read ({shards}/000001.tar is damaged: a checksum differs)"}
    assert bad == missing | truncated | damaged


@pytest.mark.parametrize(
    ("text", "reason"),
    [(b"{", "is damaged, or not an index of shards"), (b'{"version": 2}', "has version 2, this googlenet reads 1")],
)
def test_an_index_that_is_not_understood_is_an_error(shards: Path, text: bytes, reason: str) -> None:
    (shards / "000001.index.json").write_bytes(text)
    with pytest.raises(DataError, match=reason):
        open_dataset(shards)


def test_an_index_does_not_lead_out_of_its_folder(shards: Path) -> None:
    index = shards / "index.json"
    index.write_text(index.read_text().replace("000001.tar", "../000001.tar"))
    with pytest.raises(DataError, match=r"the shard '../000001.tar' is not in its folder"):
        open_dataset(shards)


def test_a_truncated_or_missing_shard_without_index_is_named(shards: Path) -> None:
    for path in shards.glob("*.json"):
        path.unlink()
    tar = shards / "000001.tar"
    tar.write_bytes(tar.read_bytes()[:9000])
    with pytest.raises(DataError, match=r"000001\.tar is damaged or truncated"):
        open_dataset(shards)
    tar.unlink()
    with pytest.raises(InputError, match=r"000001\.tar cannot be read: No such file"):
        open_dataset(f"{shards}/{{000000..000002}}.tar")
    with pytest.raises(InputError, match="nothing matches"):
        open_dataset(f"{shards}/{{100..102}}.tar")


def test_shards_of_others_have_the_classes_of_cls_or_json(tmp_path: Path) -> None:
    """Numbers are in the order of their values, samples are grouped by key even where they are not neighbours."""
    one = {f"{n:04}.png": picture(n) for n in range(3)} | {f"{n:04}.cls": str(9 + n).encode() for n in range(3)}
    other = {f"{n:04}.{kind}": data for n in range(2) for kind, data in (("PNG", picture(9 + n)), ("cls", b"9\n"))}
    write_tar(tmp_path / "set" / "a-000.tar", one)
    write_tar(tmp_path / "set" / "a-001.tar", other)
    found = open_dataset(tmp_path / "set", split_rule=None)
    assert found.classes == ("9", "10", "11")
    assert content(found)["all"]["a-000/0001.png"] == ("10", picture(1))
    assert content(found)["all"]["a-001/0001.PNG"] == ("9", picture(10))
    about = {f"{n}.json": json.dumps({"label": label, "width": 9}).encode() for n, label in enumerate(("cat", "dog"))}
    tar = write_tar(tmp_path / "json.tar", about | {f"{n}.png": picture(n) for n in range(2)})
    assert open_dataset(tar, split_rule=None).classes == ("cat", "dog")


def test_json_beside_pictures_in_class_folders_is_not_a_label(tmp_path: Path) -> None:
    members = {f"{label}/{n}.png": picture(n) for label in ("cat", "dog") for n in range(2)}
    members |= {"cat/0.json": b'{"label": "something"}', "cat/1.json": b"[]"}
    found = open_dataset(write_tar(tmp_path / "photos.tar", members), split_rule=None)
    assert (found.classes, len(found.names)) == (("cat", "dog"), 4)


def test_tars_with_class_folders_are_one_dataset(tmp_path: Path) -> None:
    write_tar(tmp_path / "set" / "1.tar", {f"cat/{n}.png": picture(n) for n in range(3)})
    write_tar(tmp_path / "set" / "2.tar", {f"dog/{n}.png": picture(9 + n) for n in range(3)})
    found = open_dataset(f"{tmp_path}/set/*.tar", split_rule=None)
    assert content(found)["all"] == {
        f"{label}/{n}.png": (label, picture(start + n)) for label, start in (("cat", 0), ("dog", 9)) for n in range(3)
    }


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"cat/1.png": picture(9)}, r"'cat/1.png' is in .*1.tar and in .*2.tar: name one of them only"),
        ({"5.png": picture(1), "5.cls": b"cat"}, r"1.tar has no classes beside its pictures"),
        ({"5.png": picture(1), "5.cls": b"cat", "6.png": b""}, r"2.tar: '6.png' has no class beside it \(6.cls\)"),
        ({"5.png": picture(1), "5.cls": b" "}, r"2.tar: the class in '5.cls' is not a name"),
        ({"5.png": picture(1), "5.cls": b"\xff"}, r"2.tar: the class in '5.cls' cannot be read"),
    ],
)
def test_tars_that_do_not_go_together_are_named(tmp_path: Path, other: dict[str, bytes], reason: str) -> None:
    write_tar(tmp_path / "1.tar", {"cat/1.png": picture(1), "dog/1.png": picture(2)})
    write_tar(tmp_path / "2.tar", other)
    with pytest.raises(DataError, match=reason):
        open_dataset(f"{tmp_path}/{{1,2}}.tar")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a.tar", ["a.tar"]),
        ("{08..11}.tar", ["08.tar", "09.tar", "10.tar", "11.tar"]),
        ("{2..0}", ["2", "1", "0"]),
        ("{a,b}-{0..1}.tar", ["a-0.tar", "a-1.tar", "b-0.tar", "b-1.tar"]),
        ("{a}.tar", ["{a}.tar"]),
    ],
)
def test_braces_are_expanded_as_by_a_shell(pattern: str, names: list[str]) -> None:
    assert expand_braces(pattern) == names


def test_a_folder_of_pictures_with_a_tar_stays_a_folder(tmp_path: Path) -> None:
    """What lies beside pictures, or beside class folders, is a file like any other."""
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.png").write_bytes(picture(1))
    write_tar(tmp_path / "backup.tar", {"dog/1.png": picture(2)})
    assert open_dataset(tmp_path, split_rule=None).names == {"cat/1.png"}
    write_tar(tmp_path / "cat" / "backup.tar", {"2.png": picture(2)})
    assert find_shards(str(tmp_path / "cat")) is None


@pytest.mark.parametrize("pattern", ["{0..9999999}.tar", "{a,b}" * 21 + ".tar", "{0..999}{0..999}{a,b}.tar"])
def test_braces_with_too_many_names_are_refused(pattern: str) -> None:
    with pytest.raises(InputError, match="names more than 1,000,000 shards"):
        expand_braces(pattern)


@pytest.fixture
def server(shards: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RangeServer]:
    """Shards on a server; failed requests are repeated at once."""
    monkeypatch.setattr(remote, "WAITS", (0.0, 0.0))
    with serving(shards.parent) as one:
        yield one


@pytest.mark.parametrize("place", ["shards/", "shards/{000000..00000N}.tar"])
def test_shards_on_a_server_are_the_same_dataset(folder: Path, shards: Path, server: RangeServer, place: str) -> None:
    last = len(list(shards.glob("*.tar"))) - 1
    found = open_dataset(server.address(place.replace("N", str(last))))
    assert not [path for path in server.asked if path.endswith(".tar")]
    expected = hold_back(open_dataset(folder, split_rule=None), SplitRule(0, 0.2))
    assert (found.name, found.fingerprint) == ("shards", expected.fingerprint)
    server.failures = 2
    assert content(found) == content(expected)


def test_a_tar_without_index_on_a_server_is_searched(folder: Path, shards: Path, server: RangeServer) -> None:
    (shards / "000001.index.json").unlink()
    found = content(open_dataset(server.address("shards/000001.tar"), split_rule=None))["all"]
    assert len(found) > 3
    assert all(data == (folder / name).read_bytes() for name, (_, data) in found.items())


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"failures": 99}, r"the server answers 503 Service Unavailable, 3 attempts"),
        ({"failures": 99, "failure": 403}, r"the server answers 403 Forbidden"),
        ({"cut": True}, r"the connection ended before the file did, 3 attempts"),
        ({"ranges": False}, r"the server does not answer range requests: download the file first"),
    ],
)
def test_a_server_that_fails_makes_pictures_bad(server: RangeServer, fault: dict[str, int], reason: str) -> None:
    url = server.address("shards/000000.tar")
    dataset = open_dataset(url, split_rule=None)
    for name, value in fault.items():
        setattr(server, name, value)
    assert dataset.splits["all"].decode(0) == BadImage(f"cannot be read ({url}: {reason})")


def test_a_server_that_sends_more_than_was_asked_for_is_not_read_to_its_end(
    server: RangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(self: RangeHandler) -> None:
        self.send_response(206)
        self.end_headers()
        with suppress(ConnectionError):  # the other side hangs up
            while True:
                self.wfile.write(bytes(100_000))

    monkeypatch.setattr(RangeHandler, "do_GET", answer)
    monkeypatch.setattr(remote, "MOST_FETCHED", 1000)
    assert remote.fetch_range(server.address("a.tar"), 0, 3) == bytes(3)
    with pytest.raises(OSError, match="it has more than 1,000 bytes"):
        remote.fetch(server.address("index.json"))


def test_a_slow_server_is_given_up(server: RangeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "TIMEOUT", 0.05)
    waiting = server.address("shards/000000.tar")
    dataset = open_dataset(waiting, split_rule=None)
    monkeypatch.setattr(RangeHandler, "do_GET", lambda self: self.rfile.read(1))  # waits for more, and says nothing
    bad = dataset.splits["all"].decode(0)
    assert isinstance(bad, BadImage)
    assert bad.reason.startswith(f"cannot be read ({waiting}: no answer for ")


def test_an_address_without_shards_is_named(server: RangeServer) -> None:
    with pytest.raises(InputError, match=r"^s3://bucket/a.tar: only http:// and https:// are read"):
        open_dataset("s3://bucket/a.tar")
    with pytest.raises(InputError, match=r"cannot read .*/nothing/index.json: the server answers 404"):
        open_dataset(server.address("nothing/"))
    with pytest.raises(InputError, match=r"nothing.tar cannot be read: the server answers 404"):
        open_dataset(server.address("nothing.tar"))
