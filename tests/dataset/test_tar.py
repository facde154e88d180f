"""Plain tars of pictures, read in place."""

from __future__ import annotations

import io
import pickle
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from googlenet.dataset import Samples, open_dataset, read_tar
from googlenet.errors import DataError, InputError
from googlenet.images import BadImage

MakeFolder = Callable[..., Path]


def picture(grey: int = 100) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (6, 4), (grey, grey, grey)).save(buffer, "PNG")
    return buffer.getvalue()


def write_tar(path: Path, *names: str, mode: str = "w", **special: bytes) -> Path:
    """Write a picture, as grey as its position says, at each name; "/" at the end: a folder; special: name=type."""
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for grey, name in enumerate(names):
            info = tarfile.TarInfo(name.rstrip("/") if len(name) > 1 else name)
            data = b"" if name.endswith("/") else picture(grey)
            info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for name, kind in special.items():
            info = tarfile.TarInfo(f"cat/{name}.png")
            info.type, info.linkname = kind, "cat/1.png"
            tar.addfile(info)
    return path


def names(path: Path) -> list[str]:
    return [item.name for items in read_tar(path)[0].splits.values() for item in items]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pets.tar"


def everything(path: Path) -> Samples:
    return open_dataset(path, split_rule=None).splits["all"]


def test_pictures_are_read_in_place(path: Path) -> None:
    samples = everything(write_tar(path, "cat/", "cat/1.png", "dog/1.png"))
    assert [item.name for item in samples.items] == ["cat/1.png", "dog/1.png"]
    image = samples.decode(1)
    assert not isinstance(image, BadImage)
    assert (image == 2).all()


def test_a_folder_and_its_tar_are_the_same_data(make_folder: MakeFolder, tmp_path: Path) -> None:
    root = make_folder(*(f"{kind}/{number}.png" for kind in ("cat", "dog") for number in range(30)))
    with tarfile.open(tmp_path / "pets.tar", "w") as tar:
        tar.add(root, arcname=".")
    folder, tar_data = open_dataset(root), open_dataset(tmp_path / "pets.tar")
    assert folder.fingerprint == tar_data.fingerprint
    assert folder.name == tar_data.name == "pets"
    assert folder.splits["val"].items == tar_data.splits["val"].items
    for index in range(len(folder.splits["val"])):
        assert np.array_equal(folder.splits["val"].decode(index), tar_data.splits["val"].decode(index))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "names",
    [
        ("mydata/Training/cat/1.png", "mydata/Testing/cat/1.png", "mydata/Training/dog/1.png"),
        ("seg_train/seg_train/sea/1.png", "seg_test/seg_test/sea/1.png"),
        ("mydata/cat/1.png", "mydata/dog/1.png", "__MACOSX/mydata/._1.png", ".DS_Store.png"),
        ("cat/images/1.png", "dog/images/1.png", "cover.png"),
        ("cafe\u0301/1.png", "caf\u00e9/2.png", "tea/1.png"),
        ("animals/cat/1.png", "plants/rose/1.png"),
        ("train/steam/1.png", "car/1.png"),
        ("train/1.png", "test/1.png"),
    ],
)
def test_every_layout_is_understood_alike_in_a_folder_and_in_a_tar(
    make_folder: MakeFolder, tmp_path: Path, names: tuple[str, ...]
) -> None:
    root = make_folder(*names)
    with tarfile.open(tmp_path / "pets.tar", "w") as tar:
        tar.add(root, arcname=".")
    told: list[object] = []
    for data in (root, tmp_path / "pets.tar"):
        try:
            dataset = open_dataset(data, split_rule=None)
            pixels = {s.items[i].name: np.sum(s.decode(i)) for s in dataset.splits.values() for i in range(len(s))}  # type: ignore[arg-type]
            told.append((dataset.classes, pixels, dataset.ignored, dataset.fingerprint))
        except DataError as error:
            told.append((str(error).replace("pets.tar", "pets"),))
    assert told[0] == told[1]


@pytest.mark.parametrize("prefix", ["", "./", "mydata/", "./mydata/"])
def test_what_all_names_begin_with_is_left_out(path: Path, prefix: str) -> None:
    write_tar(path, f"{prefix}train/", f"{prefix}train/cat/1.png", f"{prefix}val/cat/1.png", "__MACOSX/x.png")
    assert names(path) == ["train/cat/1.png", "val/cat/1.png"]


def test_the_entry_of_the_common_folder_is_no_class(path: Path) -> None:
    assert read_tar(write_tar(path, "mydata/", "mydata/cat/1.png", "mydata/dog/1.png"))[0].classes == ("cat", "dog")


def test_a_lone_class_and_a_lone_split_are_not_left_out(path: Path) -> None:
    assert names(write_tar(path, "cat/1.png", "cat/2.png")) == ["cat/1.png", "cat/2.png"]
    assert names(write_tar(path, "train/cat/1.png")) == ["train/cat/1.png"]


def test_an_empty_class_folder_is_named(path: Path) -> None:
    with pytest.raises(DataError, match="'cow'"):
        read_tar(write_tar(path, "cat/1.png", "cow/"))


def test_links_and_devices_are_ignored_and_counted(path: Path) -> None:
    write_tar(path, "cat/1.png", a=tarfile.SYMTYPE, b=tarfile.LNKTYPE, c=tarfile.CHRTYPE, d=tarfile.FIFOTYPE)
    layout, _ = read_tar(path)
    assert layout.ignored.links == 4
    assert names(path) == ["cat/1.png"]


def test_a_file_stored_with_holes_is_ignored_because_it_is_not_in_one_piece(path: Path) -> None:
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, pax_headers in (("cat/1.png", {}), ("cat/2.png", {"GNU.sparse.map": "0,9", "GNU.sparse.size": "99"})):
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = 9, pax_headers
            tar.addfile(info, io.BytesIO(bytes(9)))
    layout, _ = read_tar(path)
    assert layout.ignored.links == 1
    assert names(path) == ["cat/1.png"]


def test_a_member_of_two_terabytes_is_a_bad_picture(path: Path) -> None:
    info = tarfile.TarInfo("cat/2.png")
    info.size = 2 * 10**12
    write_tar(path, "cat/1.png")
    with path.open("r+b") as file:
        file.seek(1024)
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.truncate(1536 + info.size + 1024)  # sparse: it takes no room
    samples = everything(path)
    assert not isinstance(samples.decode(0), BadImage)
    assert samples.decode(1) == BadImage("too large: a file of 2,000.0 GB, the limit is 1.1 GB")


@pytest.mark.parametrize("name", ["/etc/1.png", "../1.png", "cat/../../1.png"])
def test_unsafe_names_are_refused(path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"pets.tar contains the unsafe name '.*1.png'"):
        read_tar(write_tar(path, "cat/1.png", name))


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_compressed_tar_is_refused_with_what_to_do(tmp_path: Path, mode: str) -> None:
    path = write_tar(tmp_path / "pets.tar.gz", "cat/1.png", mode=mode)
    with pytest.raises(
        InputError, match=r"is not a plain .tar: unpack it into a folder, or repack it without compress"
    ):
        read_tar(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", picture()])
def test_another_file_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"is not a plain .tar"):
        read_tar(path)


def test_a_tar_cut_anywhere_is_refused(path: Path) -> None:
    whole = write_tar(path, "cat/1.png", "dog/1.png").read_bytes()
    end = 4 * 512  # two headers, two pictures of less than a block; zeros follow
    for length in range(0, end + 1, 64):
        path.write_bytes(whole[:length])
        with pytest.raises((DataError, InputError), match=r"is damaged or truncated|is not a plain \.tar"):
            read_tar(path)
    path.write_bytes(whole[:1024])
    with pytest.raises(DataError, match="is damaged or truncated at byte 1,024: copy it again"):
        read_tar(path)


def test_a_damaged_header_in_the_middle_is_not_the_end(path: Path) -> None:
    data = bytearray(write_tar(path, "cat/1.png", "dog/1.png", "owl/1.png").read_bytes())
    data[1024 + 10] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(DataError, match="is damaged or truncated at byte 1,024"):
        read_tar(path)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2600), st.integers(1, 255)), min_size=1, max_size=6))
def test_a_damaged_tar_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.mktemp("tar") / "pets.tar"
    data = bytearray(write_tar(path, "cat/1.png", "dog/1.png").read_bytes())
    for position, mask in flips:
        data[position] ^= mask
    data[148:156] = b"%06o\0 " % (sum(data[:148]) + sum(data[156:512]) + 256)  # so that damage gets past the checksum
    path.write_bytes(data)
    with suppress(DataError, InputError):
        samples = everything(path)
        for index in range(len(samples)):
            samples.decode(index)


def test_a_tar_is_read_by_threads_and_by_other_processes(path: Path) -> None:
    samples = everything(write_tar(path, *(f"cat/{number:03}.png" for number in range(100))))
    for source in (samples, pickle.loads(pickle.dumps(samples))):
        with ThreadPoolExecutor(4) as pool:
            images = list(pool.map(source.decode, range(100)))
        assert [int(image.max()) for image in images] == list(range(100))


def test_a_tar_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone.tar cannot be read: No such file or directory"):
        read_tar(tmp_path / "gone.tar")
