"""Google's inception5h as a TensorFlow graph: read whole, or refused with the node that differs."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.errors import InputError, ModelFileError
from googlenet.importers import Imported, ImportedModel, Provenance, import_file
from googlenet.importers.tensorflow_graph import read_graph
from googlenet.model import ClassLabel
from googlenet.network.weights import network_with_weights
from googlenet.pretrained import inception5h_classes
from tests.importers.conftest import SHARED, damaged
from tests.importers.tensorflow_files import Nodes, archive, even_pictures, even_weights, graph_def, inception5h

ANSWER = Path(__file__).with_name("tensorflow_answer.json")
WEIGHTS = SHARED / "inception5h.pth"
NAMES = ["dummy", *(label.name.partition(",")[0] for label in inception5h_classes()[1:1001])]
"""The list in the published archive: 1,001 lines for 1,008 outputs."""


def read(nodes: Nodes, **arguments: tuple[str, ...]) -> Imported:
    return read_graph(graph_def(nodes), where="graph.pb", **arguments)


def imported(content: bytes, folder: Path, name: str = "inception5h.zip") -> ImportedModel:
    (folder / name).write_bytes(content)
    return import_file(folder / name, Provenance())


def random_array(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(sum(shape)).standard_normal(shape, np.float32)


def test_the_whole_network_is_read_with_its_auxiliary_classifiers() -> None:
    found = read(inception5h())
    assert found.spec == ArchitectureSpec("inception5h", classes=1008)
    assert sum(weight.size for weight in found.weights.values()) == 13_461_996
    assert all((weight == np.float32(0.001)).all() for weight in found.weights.values())
    rows = {row.theirs: (row.ours, row.shape) for row in found.layers}
    assert len(rows) == 64
    assert rows["conv2d0"] == ("conv1", (64, 3, 7, 7))
    assert rows["mixed4a_3x3"] == ("4a.3x3", (204, 96, 3, 3))
    assert rows["mixed5b_pool_reduce"] == ("5b.pool_projection", (128, 832, 1, 1))
    assert rows["nn1"] == ("auxiliary_4d.fully_connected", (1024, 2048))
    assert rows["softmax2"] == ("linear", (1008, 1024))


def test_the_size_of_the_published_file_leaves_room_for_no_other_weights() -> None:
    """It has 53,884,595 bytes; what is not weights here is nearly as much as there, where nodes say their types."""
    weights = 4 * sum(weight.size for weight in read(inception5h()).weights.values())
    assert 0 < 53_884_595 - weights < 2 * len(graph_def(inception5h()))


def test_weights_are_turned_into_our_layout() -> None:
    """A convolution is (height, width, in, out) there; inputs of a flattened grid are (height, width, channels)."""
    theirs = {
        "mixed3a_3x3_w": random_array(3, 3, 96, 128),
        "mixed3a_3x3_b": random_array(128),
        "softmax2_w": random_array(1024, 1008),
        "nn0_w": random_array(2048, 1024),
    }
    found = read(inception5h(theirs)).weights
    assert found["3a.3x3.weight"][5, 7, 1, 2] == theirs["mixed3a_3x3_w"][1, 2, 7, 5]
    np.testing.assert_array_equal(found["3a.3x3.bias"], theirs["mixed3a_3x3_b"])
    np.testing.assert_array_equal(found["linear.weight"], theirs["softmax2_w"].T)
    grid = random_array(4, 4, 128)
    expected = grid.reshape(-1) @ theirs["nn0_w"]
    np.testing.assert_allclose(
        found["auxiliary_4a.fully_connected.weight"] @ grid.transpose(2, 0, 1).reshape(-1),
        expected,
        rtol=1e-3,
        atol=1e-3,
    )


def test_a_second_reader_of_such_graphs_computes_the_same() -> None:
    """OpenCV's answers, of auxiliary classifiers too: `make_tensorflow_answer.py`."""
    found = read(inception5h(even_weights(), outputs=10))
    network = network_with_weights(build_architecture(found.spec), found.weights).eval()
    network.training = True  # so that the auxiliary classifiers run, without dropout
    with torch.no_grad():
        logits = network(torch.from_numpy(even_pictures().transpose(0, 3, 1, 2).copy()))
    expected = json.loads(ANSWER.read_text())["probabilities"]
    for head, theirs in expected.items():
        ours = getattr(logits, head).softmax(1).numpy()
        np.testing.assert_allclose(ours, theirs, atol=1e-5, err_msg=head)
        assert np.ptp(theirs, axis=1).min() > 0.05  # what is compared says something


def test_the_graph_says_which_lrn_it_has() -> None:
    assert read(inception5h()).spec.variant == "inception5h"
    ports = inception5h()
    for name in ("localresponsenorm0", "localresponsenorm1"):
        ports[name].attributes = {"depth_radius": 4, "bias": 1.0, "alpha": 1e-4 / 9, "beta": 0.5}
    assert read(ports).spec.variant == "inception5h-port"
    assert not any("LRN" in sentence for sentence in read(ports).assumptions)
    ports["localresponsenorm1"].attributes["beta"] = 0.75
    with pytest.raises(
        ModelFileError, match=r"of its LRN are \[\(4\.0, 1\.0, .*, 0\.5\), .*\] instead of \(5, 2, 0\.0001"
    ):
        read(ports)


def test_a_mean_in_the_graph_is_used_and_without_one_googles_is_assumed() -> None:
    assert read(inception5h()).preprocessing.mean == (117.0,) * 3
    assert "does not state its preprocessing" in read(inception5h()).assumptions[-1]
    assert read(with_mean(104.0, 117.0, 123.0)).preprocessing.mean == (104.0, 117.0, 123.0)
    assert read(with_mean(120.0)).preprocessing.mean == (120.0,) * 3
    assert "the graph states its mean" in read(with_mean(120.0)).assumptions[-1]
    with pytest.raises(ModelFileError, match=r"applied to the output of 'Sub'; expected a Placeholder, or a mean"):
        read(with_mean(1.0, 2.0))


def with_mean(*colors: float) -> Nodes:
    nodes = inception5h()
    nodes["mean"] = type(nodes["input"])("mean", "Const", shape=(len(colors),), content=np.array(colors, np.float32))
    nodes["sub"] = type(nodes["input"])("sub", "Sub", ["input", "mean"])
    nodes["conv2d0_pre_relu/conv"].inputs[0] = "sub"
    return nodes


def test_the_auxiliary_classifiers_may_be_missing_and_are_dropped_where_they_do_not_fit() -> None:
    without = read(inception5h(heads=False))
    assert len(without.layers) == 58
    assert not any(name.startswith("auxiliary") for name in without.weights)
    nodes = inception5h()
    nodes["softmax2_w"].shape, nodes["softmax2_b"].shape = (1024, 3), (3,)
    found = read(nodes)
    assert found.spec.classes == 3
    assert "the auxiliary classifiers are dropped: they have 1,008 outputs, the main one has 3" in found.assumptions


CHANGES: dict[str, tuple[Callable[[Nodes], object], str]] = {
    "no weights": (lambda nodes: nodes.pop("mixed3a_1x1_w"), r"\(missing: 3a\.1x1\.weight\)"),
    "more weights": (lambda nodes: rename(nodes, "nn0_b", "nn9_b"), r"missing: auxiliary_4a.*unexpected: 'nn9_b'"),
    "another shape": (
        lambda nodes: reshape(nodes, "conv2d1_w", 3, 3, 64, 64),
        r"conv2_reduce\.weight \(64, 64, 3, 3\)",
    ),
    "another stride": (
        lambda nodes: set_attribute(nodes, "conv2d2_pre_relu/conv", strides=[1, 2, 2, 1]),
        "has stride 2",
    ),
    "no stride": (lambda nodes: nodes["maxpool0"].attributes.pop("strides"), r"'maxpool0' has the strides \(\)"),
    "strides of zero": (
        lambda nodes: set_attribute(nodes, "maxpool0", strides=[1, 0, 0, 1]),
        r"has the strides \(1, 0, 0",
    ),
    "another window": (
        lambda nodes: set_attribute(nodes, "mixed4c_pool", ksize=[1, 5, 5, 1]),
        r"has ksize \(1, 5, 5, 1\)",
    ),
    "no padding": (
        lambda nodes: set_attribute(nodes, "conv2d0_pre_relu/conv", padding=b"VALID"),
        "has stride 2, padding 0 and an output of 109x109 instead of 2, 2 and 112x112",
    ),
    "unknown padding": (
        lambda nodes: set_attribute(nodes, "maxpool4", padding=b"\x1b[2J"),
        r"the padding b'\\x1b\[2J'",
    ),
    "channels first": (
        lambda nodes: set_attribute(nodes, "maxpool0", data_format=b"NCHW"),
        "another data_format than NHWC",
    ),
    "dilated": (lambda nodes: set_attribute(nodes, "conv2d2_pre_relu/conv", dilations=[1, 2, 2, 1]), "is dilated"),
    "transposed": (
        lambda nodes: set_attribute(nodes, "nn0_pre_relu/matmul", transpose_a=True),
        "is of transposed matrices",
    ),
    "another activation": (
        lambda nodes: setattr(nodes["mixed3b_3x3"], "operator", "Relu6"),
        r"'mixed3b_3x3_pre_relu' is read by 'Relu6'",
    ),
    "no bias": (
        lambda nodes: setattr(nodes["conv2d1_pre_relu"], "operator", "Identity"),
        "expected one BiasAdd or Add",
    ),
    "another bias": (
        lambda nodes: read_from(nodes, "conv2d1_pre_relu", 1, "conv2d0_b"),
        "reads 'conv2d1_pre_relu/conv', 'conv2d0_b'",
    ),
    "another input": (
        lambda nodes: read_from(nodes, "mixed4a_1x1_pre_relu/conv", 0, "mixed3b"),
        r"reads 'mixed3b', 'mixed4a_1x1_w' instead of 'maxpool4', 'mixed4a_1x1_w'",
    ),
    "branches in another order": (lambda nodes: nodes["mixed5a"].inputs.reverse(), "'mixed5a' reads"),
    "along another axis": (
        lambda nodes: setattr(nodes["mixed3a/concat_dim"], "content", np.array(2, np.int32)),
        "does not concatenate along the channels",
    ),
    "a second input": (
        lambda nodes: nodes["mixed4a_1x1"].inputs.append("input"),
        "'mixed4a_1x1' reads 'mixed4a_1x1_pre_relu', 'input' instead of 'mixed4a_1x1_pre_relu'",
    ),
    "no LRN": (
        lambda nodes: setattr(nodes["localresponsenorm0"], "operator", "Identity"),
        "'maxpool0' is read by 'Identity'; expected one LRN",
    ),
    "LRN after the reduction": (
        lambda nodes: read_from(nodes, "localresponsenorm0", 0, "conv2d1"),
        "'maxpool0' is read by no node",
    ),
    "an input twice": (lambda nodes: rename(nodes, "conv2d1_pre_relu", "conv2d1"), "two nodes are called 'conv2d1'"),
    "no input": (lambda nodes: nodes.pop("input"), "applied to the output of 'no node'; expected a Placeholder"),
    "an auxiliary classifier elsewhere": (
        lambda nodes: read_from(nodes, "head0_pool", 0, "mixed4b"),
        "'mixed4a' is read by",
    ),
    "values that do not fit": (
        lambda nodes: setattr(nodes["conv2d0_b"], "content", np.zeros(63, np.float32)),
        r"'conv2d0_b' has 252 bytes for the shape \(64,\)",
    ),
    "a negative size": (
        lambda nodes: reshape(nodes, "conv2d0_b", -64),
        r"'conv2d0_b' has 1 value for the shape \(-64,\)",
    ),
    "too many dimensions": (lambda nodes: reshape(nodes, "conv2d0_w", 1, 7, 7, 3, 64), "has 5 dimensions"),
    "a very long name": (lambda nodes: rename(nodes, "conv2d1", "x" * 1001), "a name in it has 1,001 bytes"),
    "many inputs": (
        lambda nodes: nodes["mixed4a_1x1"].inputs.extend(["input"] * 1000),
        r"^[^\n]{500,700} \.\.\.$",
    ),
    "endless classes": (lambda nodes: endless(nodes), "more than any GoogLeNet"),
}


def rename(nodes: Nodes, name: str, new: str) -> None:
    nodes[name].name = new


def reshape(nodes: Nodes, name: str, *shape: int) -> None:
    nodes[name].shape = shape


def set_attribute(nodes: Nodes, name: str, **attributes: object) -> None:
    nodes[name].attributes |= attributes


def read_from(nodes: Nodes, name: str, place: int, source: str) -> None:
    nodes[name].inputs[place] = source


def endless(nodes: Nodes) -> None:
    """A trillion classes in a few bytes: one value fills them."""
    for head in "012":
        reshape(nodes, f"softmax{head}_w", 1024, 10**12)
        reshape(nodes, f"softmax{head}_b", 10**12)


@pytest.mark.parametrize("change", CHANGES)
def test_a_graph_that_computes_anything_else_is_refused_with_what_differs(change: str) -> None:
    nodes = inception5h()
    make, sentence = CHANGES[change]
    make(nodes)
    with pytest.raises(ModelFileError, match=sentence) as caught:
        read(nodes)
    assert str(caught.value).startswith("graph.pb")
    assert str(caught.value).isprintable()


def test_the_published_archive_brings_its_class_names(tmp_path: Path) -> None:
    found = imported(archive(inception5h(), NAMES), tmp_path)
    assert found.format == "tensorflow"
    assert found.model.classes == inception5h_classes()
    assert not any("class names" in sentence for sentence in found.assumptions)
    alone = imported(graph_def(inception5h()), tmp_path, "tensorflow_inception_graph.pb")
    assert alone.model.classes == inception5h_classes()
    assert alone.assumptions[0].startswith("1,008 outputs and no class names: assumed to be inception5h's")


def test_class_names_that_are_not_the_known_ones_are_said_or_asked_for(tmp_path: Path) -> None:
    few = imported(archive(inception5h(), [*NAMES[:5], "spaniel", *NAMES[6:]]), tmp_path)
    assert few.assumptions[0] == (
        "1 of the 1,001 class names beside the graph are not ImageNet's, such as 'spaniel' instead of "
        "'English springer, English springer spaniel': ImageNet's are used"
    )
    with pytest.raises(InputError, match="has 1,008 outputs but no class names: give --classes FILE"):
        imported(archive(inception5h(), NAMES[::-1]), tmp_path)


def test_a_fine_tuned_graph_takes_the_names_beside_it(tmp_path: Path) -> None:
    nodes = inception5h(outputs=2)
    assert imported(archive(nodes, ["cat", "dog"]), tmp_path).model.classes == (
        ClassLabel("cat", "cat"),
        ClassLabel("dog", "dog"),
    )
    with pytest.raises(InputError, match="has 2 outputs but no class names"):
        imported(archive(nodes, ["cat", "cat"]), tmp_path)


def zipped(*entries: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries:
            made.writestr(name, content)
    return file.getvalue()


def test_an_archive_that_is_not_whole_or_not_one_graph_is_refused(tmp_path: Path) -> None:
    whole = archive(inception5h(), NAMES, compressed=False)
    place = whole.index(b"Placeholder")
    with pytest.raises(ModelFileError, match=r"'tensorflow_inception_graph\.pb' in it cannot be unpacked"):
        imported(whole[:place] + b"?" + whole[place + 1 :], tmp_path)
    with pytest.raises(ModelFileError, match="contains 2 graphs"):
        imported(zipped(("a.pb", b"\n"), ("b.pb", b"\n")), tmp_path)
    with pytest.raises(ModelFileError, match="the weights are not those of 'inception5h'"):
        imported(zipped(("a.pb", b"")), tmp_path)
    with pytest.raises(ModelFileError, match=r"'label_strings\.txt' in it has more than 1 MB"):
        imported(zipped(("a.pb", b"\n"), ("label_strings.txt", bytes(2**20 + 1))), tmp_path)


def test_names_in_an_archive_are_never_paths_that_are_written(tmp_path: Path) -> None:
    imported(zipped(("../../tensorflow.pb", graph_def(inception5h()))), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["inception5h.zip"]


def test_the_lrn_of_a_port_cannot_be_asked_of_a_graph_that_states_its_own(tmp_path: Path) -> None:
    (tmp_path / "graph.pb").write_bytes(graph_def(inception5h()))
    with pytest.raises(InputError, match=r"--port-lrn is for inception5h; .* is Google's graph of inception5h"):
        import_file(tmp_path / "graph.pb", Provenance(), port_lrn=True)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_archive_or_graph_is_one_line_or_the_same_network(data: st.DataObject, tmp_path: Path) -> None:
    kind = data.draw(st.sampled_from(["inception5h.zip", "graph.pb"]))
    whole = archive(inception5h(), NAMES) if kind.endswith("zip") else graph_def(inception5h())
    sentence, variant = end_of_import(damaged(data, whole), tmp_path, kind)
    assert (kind in sentence and sentence.isprintable()) or variant == "inception5h"


def end_of_import(content: bytes, folder: Path, name: str) -> tuple[str, str]:
    """The error, or the variant that was read."""
    try:
        return "", imported(content, folder, name).model.spec.variant
    except (InputError, ModelFileError) as error:
        return str(error), ""


@pytest.mark.skipif(not WEIGHTS.is_file(), reason=f"needs {WEIGHTS}")
def test_the_real_weights_are_the_same_from_the_graph_as_from_the_state_dict(tmp_path: Path) -> None:
    theirs = {}
    for name, tensor in torch.load(WEIGHTS, weights_only=True).items():
        layer, _, part = name.rpartition(".")
        layer = "softmax2" if layer.startswith("softmax2") else layer.removesuffix("_pre_relu_conv")
        axes = (2, 3, 1, 0) if tensor.ndim == 4 else tuple(range(tensor.ndim))[::-1]
        theirs[f"{layer}_{part[0]}"] = tensor.numpy().transpose(axes)
    found = imported(archive(inception5h(theirs, heads=False), NAMES, compressed=False), tmp_path).model
    expected = import_file(WEIGHTS, Provenance()).model
    assert (found.spec, found.classes, found.preprocessing) == (expected.spec, expected.classes, expected.preprocessing)
    assert found.weights.keys() == expected.weights.keys()
    for name, weight in found.weights.items():
        np.testing.assert_array_equal(weight, expected.weights[name], err_msg=name)
