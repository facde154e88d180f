"""`googlenet import`, `models` and `export`: other people's weights in and out, and every way in which that fails."""

from __future__ import annotations

import hashlib
import json
import pickle
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import safetensors.numpy
import torch
from numpy.typing import NDArray

from googlenet.architecture import ArchitectureSpec, build_architecture, weight_shapes
from googlenet.importers.torchvision import to_state_dict
from googlenet.model import load_model, read_header
from googlenet.pretrained import CATALOGUE, imagenet_classes, inception5h_classes
from tests.importers.tensorflow_files import archive, inception5h

if TYPE_CHECKING:
    from tests.commands.conftest import Run

CAFFEMODEL = Path(__file__).resolve().parents[3] / "shared" / "data" / "bvlc_googlenet.caffemodel"
needs_caffemodel = pytest.mark.skipif(not CAFFEMODEL.is_file(), reason=f"needs {CAFFEMODEL}")

State = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="session")
def state() -> State:
    """A state dict of torchvision's googlenet with 3 classes."""
    shapes = weight_shapes(build_architecture(ArchitectureSpec("torchvision", classes=3)))
    generator = np.random.default_rng(4)
    return to_state_dict(
        {name: generator.random(shape, np.float32) * np.float32(0.1) for name, shape in shapes.items()}
    )


@pytest.fixture
def pth(state: State, tmp_path: Path) -> Path:
    torch.save({name: torch.from_numpy(array) for name, array in state.items()}, tmp_path / "cars.pth")
    return tmp_path / "cars.pth"


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    (tmp_path / "classes.txt").write_text("n02 fish\na\tb c\nred car\n")
    return tmp_path / "classes.txt"


@needs_caffemodel
def test_the_famous_weights_are_imported_with_their_layer_map(googlenet: Run, tmp_path: Path) -> None:
    out = tmp_path / "bvlc.safetensors"
    done = googlenet("import", CAFFEMODEL, "--out", out)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    row = next(line for line in lines if "5x5_reduce" in line)
    assert row.split() == ["inception_3a/5x5_reduce", "->", "3a.5x5_reduce", "16x192x1x1"]
    assert sum("  ->  " in line for line in lines) == 58
    assert sum(line.startswith("assumed: ") for line in lines) == 2
    assert f"saved: {out} (28.5 MB)" in lines[-1]
    header = read_header(out)
    assert header.classes == imagenet_classes()
    assert header.about.source_sha256 == hashlib.sha256(CAFFEMODEL.read_bytes()).hexdigest()
    assert header.preprocessing.fit == "squash"
    assert header.has_known_answer
    assert "agrees" in googlenet("info", out, "--verify").out


def test_a_state_dict_keeps_its_auxiliary_classifiers_and_gets_the_classes_that_are_named(
    googlenet: Run, pth: Path, classes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cars.safetensors"
    assert googlenet("import", pth, "--classes", classes, "--out", out).code == 0
    model = load_model(out)
    assert model.has_auxiliary_classifiers
    assert [(one.id, one.name) for one in model.classes] == [("n02 fish", "n02 fish"), ("a", "b c"), ("red car",) * 2]
    assert (model.preprocessing.mean, model.preprocessing.fit) == ((127.5,) * 3, "crop")
    assert "transform_input=True" in googlenet("import", pth, "--classes", classes, "--out", out, "--force").out


def test_a_network_that_was_trained_without_transform_input_is_imported_as_one(
    googlenet: Run, pth: Path, classes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cars.safetensors"
    done = googlenet("import", pth, "--classes", classes, "--out", out, "--no-transform-input")
    assert done.code == 0, done.err
    assert "assumed: torchvision's preprocessing with transform_input=False (--no-transform-input)" in done.out
    back = googlenet("export", out, "--to", "torchvision", "--out", tmp_path / "back.pth").out
    assert "Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])" in back
    assert googlenet("import", "torchvision", "--no-transform-input").error == (
        "--no-transform-input does not apply to torchvision, whose network is known; omit it"
    )
    refusal = "--port-lrn does not apply to bvlc, whose network is known; omit it"
    assert googlenet("import", "bvlc", "--port-lrn").error == refusal


def test_the_file_is_called_as_its_source_and_never_replaced_unasked(
    program: Run, pth: Path, classes: Path, tmp_path: Path
) -> None:
    assert program("import", "cars.pth", "--classes", "classes.txt", cwd=tmp_path).code == 0
    before = (tmp_path / "cars.safetensors").read_bytes()
    sentence = program("import", "cars.pth", "--classes", "classes.txt", cwd=tmp_path).error
    assert sentence == ("cars.safetensors already exists; use --out to write another file, or --force to replace it")
    assert (tmp_path / "cars.safetensors").read_bytes() == before


def test_export_gives_the_state_dict_back(googlenet: Run, pth: Path, classes: Path, tmp_path: Path) -> None:
    """With the counters of batches, without which torchvision's own loading is not strict."""
    googlenet("import", pth, "--classes", classes, "--out", tmp_path / "cars.safetensors")
    done = googlenet("export", tmp_path / "cars.safetensors", "--to", "torchvision", "--out", tmp_path / "back.pth")
    assert done.code == 0, done.err
    back = torch.load(tmp_path / "back.pth", weights_only=True)
    answer = json.loads((Path(__file__).parents[1] / "importers" / "torchvision_answer.json").read_text())
    assert back.keys() == answer["state_dict"].keys()
    for name, tensor in torch.load(pth, weights_only=True).items():
        assert torch.equal(back[name], tensor), name
    assert all(tensor.dtype == torch.int64 for name, tensor in back.items() if name.endswith("num_batches_tracked"))
    assert "num_classes=3, aux_logits=True, transform_input=False" in done.out
    assert "Normalize(mean=[0.5, 0.5, 0.5], std=[0.5, 0.5, 0.5])" in done.out


def test_export_refuses_a_model_that_torchvision_has_no_network_for(googlenet: Run, tmp_path: Path) -> None:
    sentence = googlenet("export", "bvlc", "--to", "torchvision", "--out", tmp_path / "bvlc.pth").error
    assert "is of the variant 'paper' with width 1; torchvision's googlenet needs" in sentence
    assert list(tmp_path.iterdir()) == []


def test_models_lists_what_can_be_named(googlenet: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLENET_CACHE", str(tmp_path))
    done = googlenet("models")
    assert "ships in half precision, 14.5 MB (`googlenet import bvlc` fetches 53.5 MB)" in done.out
    assert "licence: unrestricted use" in done.out
    assert "top-1 68.7%, top-5 88.9% (ImageNet validation, one crop, BVLC)" in done.out
    (tmp_path / "googlenet-1378be20.pth").touch()
    rows = googlenet("models", "--json").json
    assert rows.keys() == CATALOGUE.keys()
    assert (rows["bvlc"]["shipped"], rows["bvlc"]["fetched"]) == (True, False)
    assert (rows["torchvision"]["shipped"], rows["torchvision"]["fetched"]) == (False, True)
    assert rows["torchvision"]["sha256"] == "1378be20"
    assert "`googlenet import inception5h` fetches 49.9 MB; 1,008 classes; licence: Apache-2.0" in done.out


def test_a_name_of_the_catalogue_is_taken_from_the_cache(
    googlenet: Run, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the model records what is known of it."""
    monkeypatch.setenv("GOOGLENET_CACHE", str(tmp_path))
    thousand = state | {
        name: np.resize(array, (1000, *array.shape[1:]))
        for name, array in state.items()
        if name.startswith(("fc.", "aux1.fc2", "aux2.fc2"))
    }
    cached = tmp_path / "googlenet-1378be20.pth"
    torch.save({name: torch.from_numpy(array) for name, array in thousand.items()}, cached)
    digest = hashlib.sha256(cached.read_bytes()).hexdigest()[:8]
    monkeypatch.setitem(CATALOGUE, "torchvision", replace(CATALOGUE["torchvision"], digest=digest))
    done = googlenet("import", "torchvision", "--out", tmp_path / "model.safetensors")
    assert done.code == 0, done.err
    about = read_header(tmp_path / "model.safetensors").about
    assert about.licence == "BSD-3-Clause (torchvision)"
    assert about.scores["top1"] == 0.6978
    assert CATALOGUE["torchvision"].address in about.source


def test_googles_own_network_is_imported_by_name_from_its_archive(
    googlenet: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it was put by hand, because there is no network: the error says where."""
    monkeypatch.setenv("GOOGLENET_CACHE", str(tmp_path))
    monkeypatch.setenv("no_proxy", "*")
    content = archive(inception5h(), ["dummy", "kit fox"])
    published = replace(
        CATALOGUE["inception5h"],
        address="http://127.0.0.1:9/models/inception5h.zip",
        digest=hashlib.sha256(content).hexdigest(),
    )
    monkeypatch.setitem(CATALOGUE, "inception5h", published)
    cached = tmp_path / "inception5h.zip"
    sentence = googlenet("import", "inception5h", "--out", tmp_path / "model.safetensors").error
    assert sentence.startswith("cannot download http://127.0.0.1:9/models/inception5h.zip (")
    assert sentence.endswith(f"without a network, download it elsewhere and put it at {cached}")
    cached.write_bytes(content)
    done = googlenet("import", "inception5h", "--out", tmp_path / "model.safetensors")
    assert done.code == 0, done.err
    assert "tensorflow, variant inception5h, 1,008 classes" in done.out
    header = read_header(tmp_path / "model.safetensors")
    assert (header.about.licence, header.classes) == ("Apache-2.0", inception5h_classes())
    cached.write_bytes(content[:-1])
    assert "is not the published file: its sha256 is" in googlenet("import", "inception5h", "--force").error


class Attack:
    """A pickle of this makes a file when it is read by a reader that runs what it reads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("old", [True, False])
def test_code_in_a_pickle_is_refused_and_never_run(googlenet: Run, old: bool, tmp_path: Path) -> None:
    content = {"inception3a.branch1.conv.weight": torch.zeros(1), "code": Attack(tmp_path / "run")}
    torch.save(content, tmp_path / "evil.pth", _use_new_zipfile_serialization=not old)
    sentence = googlenet("import", tmp_path / "evil.pth").error
    assert "evil.pth contains 'getattr', but only tensors are unpickled; expected a state dict" in sentence
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Attack(tmp_path / "run")))
    assert "which are not unpickled" in googlenet("import", tmp_path / "plain.pth").error
    assert not (tmp_path / "run").exists()


def broken(state: State, change: Callable[[State], object], path: Path) -> Path:
    changed = dict(state)
    change(changed)
    torch.save({name: torch.from_numpy(array) for name, array in changed.items()}, path)
    return path


@pytest.mark.parametrize(
    ("change", "clause"),
    [
        (lambda state: state.pop("conv1.conv.weight"), "(missing: conv1.weight)"),
        (lambda state: state.update({"fc9.weight": state["fc.bias"]}), "(unexpected: 'fc9.weight')"),
        (lambda state: state.update({"fc.bias": np.zeros(4, np.float32)}), "wrong shape: linear.bias (4,) inste"),
        (
            lambda state: state.update({"fc.bias": np.full(3, np.nan, np.float32)}),
            "the weight linear.bias contains NaN",
        ),
        (
            lambda state: state.update({"fc.weight": np.full((3, 1024), 3e38, np.float32)}),
            "network's outputs are not finite",
        ),
        (lambda state: state.pop("inception3a.branch1.conv.weight"), "(missing: 3a.1x1.weight)"),
        (lambda state: state.pop("fc.weight"), "are not those of 'torchvision' (missing: linear.weight)"),
    ],
)
def test_weights_that_are_not_right_are_named(
    change: Callable[[State], object], clause: str, googlenet: Run, state: State, classes: Path, tmp_path: Path
) -> None:
    path = broken(state, change, tmp_path / "broken.pth")
    sentence = googlenet("import", path, "--classes", classes, "--out", tmp_path / "out.safetensors").error
    assert sentence.startswith(str(path))
    assert clause in sentence
    assert not (tmp_path / "out.safetensors").exists()


@pytest.mark.parametrize(
    ("name", "content", "clause"),
    [
        ("text.caffemodel", b"\nname: GoogLeNet\n", "it is a text file"),
        ("picture.pth", b"\x89PNG\r\n\x1a\n" + bytes(99), "it is a picture"),
        ("empty.onnx", b"", "it is empty"),
        ("line.caffemodel", b"\n", "it is a text file"),
        ("keras.h5", b"\x89HDF\r\n\x1a\n" + bytes(99), "it is an HDF5 file"),
        ("graph.pb", b"\x0a\x05\x0a\x03foo", "the weights are not those of 'inception5h' (missing: conv1.weight"),
        ("net.caffemodel", b"\x0a\x05\x12\x03foo", "contains no layers with weights"),
        ("long.caffemodel", b"\x0a\x09GoogLeNet\x12\x80\xc8\xaf\xa0\x25" + bytes(99), "is damaged"),
        ("long.onnx", b"\x08\x03\x3a\x80\xc8\xaf\xa0\x25" + bytes(99), "is damaged"),
        ("long.safetensors", (10**6).to_bytes(8, "little") + b'{"' + bytes(99), "is damaged"),
        ("zip.pth", b"PK\x03\x04" + bytes(99), "is damaged or contains other objects than tensors"),
        ("pickle.pth", pickle.dumps([1, 2]), "expected a state dict"),
    ],
)
def test_a_file_of_another_kind_says_what_it_is_and_what_was_expected(
    name: str, content: bytes, clause: str, googlenet: Run, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    sentence = googlenet("import", tmp_path / name).error
    assert sentence.startswith(str(tmp_path / name))
    assert clause in sentence


def test_a_missing_source_and_a_folder_are_named(googlenet: Run, tmp_path: Path) -> None:
    assert googlenet("import", tmp_path / "no.pth").error == (
        f"cannot read {tmp_path / 'no.pth'}: No such file or directory"
    )
    assert googlenet("import", tmp_path).error.startswith(
        f"{tmp_path} is not a file; supported files: a Caffe GoogLeNet (.ca"
    )


def test_classes_that_are_missing_or_wrong_are_asked_for(googlenet: Run, pth: Path, tmp_path: Path) -> None:
    assert googlenet("import", pth).error == (
        f"{pth} has 3 outputs but no class names: give --classes FILE with one line per output, in their order"
    )
    assert "has 3 outputs, but there are 1,000 class names" in googlenet("import", pth, "--classes", "imagenet").error
    sentence = googlenet("import", pth, "--classes", tmp_path / "no.txt").error
    assert sentence == (
        f"cannot read the classes from {tmp_path / 'no.txt'} (No such file or directory); "
        "--classes is imagenet or a file with one class per line"
    )
    (tmp_path / "twice.txt").write_text("a\nb\na\n")
    assert "contains the class 'a' 2 times" in googlenet("import", pth, "--classes", tmp_path / "twice.txt").error
    (tmp_path / "none.txt").write_text("\n\n")
    assert "contains no classes" in googlenet("import", pth, "--classes", tmp_path / "none.txt").error
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    assert "(it is not UTF-8 text)" in googlenet("import", pth, "--classes", tmp_path / "bytes.txt").error


def test_an_archive_that_unpacks_to_any_size_is_refused(googlenet: Run, tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(10**7))
    assert "is a compressed zip archive" in googlenet("import", tmp_path / "bomb.pth").error


def test_a_tensor_that_repeats_one_value_without_end_is_refused(
    googlenet: Run, state: State, classes: Path, tmp_path: Path
) -> None:
    tensors = {name: torch.from_numpy(array) for name, array in state.items()}
    tensors["fc.weight"] = torch.zeros(1, 1).expand(10**9, 1024)
    torch.save(tensors, tmp_path / "wide.pth")
    assert "values, more than the file has bytes" in googlenet("import", tmp_path / "wide.pth").error


def test_a_file_larger_than_any_googlenet_is_not_read(googlenet: Run, tmp_path: Path) -> None:
    with (tmp_path / "large.caffemodel").open("wb") as file:
        file.write(b"\x0a\x09GoogLeNet\x12\x80\xc8\xaf\xa0\x25")
        file.truncate(10 * 2**30)  # sparse: takes no room
    assert "has 10,240 MB, more than any GoogLeNet" in googlenet("import", tmp_path / "large.caffemodel").error


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's here")
def test_a_length_of_ten_gigabytes_allocates_nothing(tmp_path: Path) -> None:
    """The program has 1 GB of addresses in all."""
    path = tmp_path / "long.caffemodel"
    path.write_bytes(b"\x0a\x09GoogLeNet\xa2\x06\x80\xc8\xaf\xa0\x25" + bytes(1000))
    done = subprocess.run(
        [sys.executable, "-m", "googlenet", "import", str(path)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30)),
    )
    assert (done.returncode, done.stderr) == (
        2,
        f"error: {path} is damaged: a caffe.NetParameter in it cannot be read\n",
    )


def test_safetensors_of_a_state_dict_do_as_well(googlenet: Run, state: State, classes: Path, tmp_path: Path) -> None:
    safetensors.numpy.save_file(state, tmp_path / "cars.safetensors")
    out = tmp_path / "model.safetensors"
    assert googlenet("import", tmp_path / "cars.safetensors", "--classes", classes, "--out", out).code == 0
    np.testing.assert_array_equal(load_model(out).weights["conv1.weight"], state["conv1.conv.weight"])
