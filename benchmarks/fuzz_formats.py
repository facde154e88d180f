"""Damage small files of every format and read each: no crash, no hang, no memory growth.

Run: make bench-fuzz, or with another number of files: python benchmarks/fuzz_formats.py --mutations 2000

Every damaged file must give a model or one of the package's own errors in one line. Anything else, a file that takes
longer than `--seconds`, or memory that grows by more than `--growth` MB ends the run with 1, and the file is kept.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch
from machine import describe_machine

from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.artifacts import (
    EXPORT_FORMATS,
    Description,
    ExportedModel,
    ExportedNetwork,
    Target,
    decode_onnx,
    describe_content,
    describe_model,
    write_exported,
)
from googlenet.errors import GoogLeNetError
from googlenet.export import EXPORT_TARGETS
from googlenet.graph import build_graph
from googlenet.images import Preprocessing
from googlenet.importers import Provenance, import_file
from googlenet.model import ClassLabel, Model
from googlenet.network import GoogLeNet, read_weights
from googlenet.protobuf import message_class

EXPORTED = "model"  # what the files of exported models are called here
GRAPH = "graph"  # and a file that is only a graph, of which no sha256 tells that it was damaged
IR_FILES = EXPORT_FORMATS["openvino"].files

TEN_GIGABYTES = b"\x80\xc8\xaf\xa0\x25"  # as a length in a protobuf message


def main() -> None:
    """Read damaged files and report the outcomes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=100_000, help="files in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=5.0, help="longest that a file may take")
    parser.add_argument("--growth", type=float, default=256.0, help="MB that memory may grow by")
    options = parser.parse_args()
    generator = random.Random(options.seed)
    print(describe_machine(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        whole = {path: path.read_bytes() for path in (make(Path(folder)) for make in MAKERS)}
        for path in whole:
            read(path)  # loads what there is to load, so that growth is growth
        before, started, slowest, ends = peak(), time.perf_counter(), 0.0, Counter[str]()
        for number in range(options.mutations):
            path, content = list(whole.items())[number % len(whole)]
            path.write_bytes(damaged(content, generator))
            begun = time.perf_counter()
            try:
                end = read(path)
            except Exception as error:
                fail(path, f"{type(error).__name__}: {error}")
            taken = time.perf_counter() - begun
            slowest = max(slowest, taken)
            ends[f"{path.name}: {end}"] += 1
            if taken > options.seconds or peak() - before > options.growth:
                fail(path, f"{taken:.1f} s, {peak() - before:.0f} MB more than before")
        seconds = time.perf_counter() - started
    for end, count in sorted(ends.items()):
        print(f"{count:8,}  {end}")
    print(
        f"{options.mutations:,} damaged files in {seconds:.0f} s, the slowest {slowest * 1000:.0f} ms; "
        f"peak memory {peak():.0f} MB, {peak() - before:.0f} MB more than before"
    )


def read(path: Path) -> str:
    """How reading a file ends: "a model", or the kind of the error; the error is one printable line."""
    try:
        if path.stem == GRAPH:
            decode_onnx(path.read_bytes(), where=str(path))
        elif path.stem == EXPORTED:
            describe_model(path.parent if path.name in IR_FILES else path)
        else:
            import_file(path, Provenance())
    except GoogLeNetError as error:
        if not str(error).isprintable():
            raise AssertionError(f"not one printable line: {error!r}") from error
        return type(error).__name__
    return "a model"


def fail(path: Path, reason: str) -> None:
    """Keep the file and end."""
    kept = Path(f"fuzz-failure{path.suffix}")
    kept.write_bytes(path.read_bytes())
    print(f"{kept}: {reason}", file=sys.stderr)
    sys.exit(1)


def peak() -> float:
    """Largest memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def damaged(content: bytes, generator: random.Random) -> bytes:
    """The content with one to four places changed: bits, bytes, a piece gone, doubled, or a length of 10 GB put in."""
    data = bytearray(content)
    for _ in range(generator.randint(1, 4)):
        place = generator.randrange(len(data) + 1)
        until = min(len(data), place + generator.randint(1, 16))
        kind = generator.randrange(7)
        if kind == 0:
            for index in range(place, until):
                data[index] ^= 1 << generator.randrange(8)
        elif kind == 1:
            data[place:until] = generator.randbytes(until - place)
        elif kind == 2:
            del data[place:until]
        elif kind == 3:
            data[place:place] = data[place:until]
        elif kind == 4:
            data[place:place] = generator.randbytes(generator.randint(1, 16))
        elif kind == 5:
            data[place : place + 1] = TEN_GIGABYTES
        else:
            del data[place:]
    return bytes(data)


def make_old_caffemodel(folder: Path) -> Path:
    """Two layers in the encoding of 2014."""
    net = message_class("caffe.NetParameter")(name=b"GoogLeNet")
    for name, kind in ((b"conv1/7x7_s2", 4), (b"loss3/classifier", 14)):
        blob = message_class("caffe.BlobProto")(num=1, channels=2, height=1, width=3, data=range(6))
        layer = message_class("caffe.V1LayerParameter")(name=name, type=kind, bottom=[b"data"])
        layer.blobs.extend([blob.SerializeToString()] * 2)
        net.layers.append(layer.SerializeToString())
    return written(folder / "old.caffemodel", net.SerializeToString())


def make_caffemodel(folder: Path) -> Path:
    """Two layers in the newer encoding."""
    net = message_class("caffe.NetParameter")(name=b"GoogLeNet")
    shape = message_class("caffe.BlobShape")(dim=[2, 3]).SerializeToString()
    for name, kind in ((b"conv1/7x7_s2", b"Convolution"), (b"fc", b"InnerProduct")):
        layer = message_class("caffe.LayerParameter")(name=name, type=kind, bottom=[b"data"])
        layer.blobs.append(message_class("caffe.BlobProto")(shape=shape, data=range(6)).SerializeToString())
        layer.blobs.append(message_class("caffe.BlobProto")(shape=shape, double_data=range(6)).SerializeToString())
        net.layer.append(layer.SerializeToString())
    return written(folder / "new.caffemodel", net.SerializeToString())


def make_onnx(folder: Path) -> Path:
    """A convolution, its ReLU and a matrix."""
    graph = message_class("onnx.GraphProto")(name=b"graph")
    for operator, inputs, output in (
        (b"Conv", (b"data", b"w", b"b"), b"x"),
        (b"Relu", (b"x",), b"y"),
        (b"Gemm", (b"y", b"m", b"b"), b"z"),
    ):
        attribute = message_class("onnx.AttributeProto")(name=b"transB", i=1).SerializeToString()
        node = message_class("onnx.NodeProto")(op_type=operator, input=inputs, output=[output], attribute=[attribute])
        graph.node.append(node.SerializeToString())
    for name, dims in ((b"w", [2, 1, 1, 1]), (b"m", [3, 2]), (b"b", [2])):
        values = np.arange(np.prod(dims), dtype="<f4").tobytes()
        tensor = message_class("onnx.TensorProto")(name=name, dims=dims, data_type=1, raw_data=values)
        graph.initializer.append(tensor.SerializeToString())
    model = message_class("onnx.ModelProto")(ir_version=3, graph=graph.SerializeToString())
    return written(folder / "net.onnx", model.SerializeToString())


def make_torchvision(folder: Path) -> Path:
    """Three tensors in torch's archive."""
    state = {f"{name}.weight": torch.zeros(2, 3) for name in ("inception3a.branch1.conv", "conv1.conv", "fc")}
    torch.save(state, folder / "net.pth")
    return folder / "net.pth"


def make_old_pickle(folder: Path) -> Path:
    """Two tensors in torch's format of before 2020."""
    state = {
        "mixed3a_1x1_pre_relu_conv.weight": torch.zeros(2, 3),
        "softmax2_pre_activation_matmul.bias": torch.ones(2),
    }
    torch.save(state, folder / "net.pt", _use_new_zipfile_serialization=False)
    return folder / "net.pt"


def make_safetensors(folder: Path) -> Path:
    """Two tensors."""
    state = {"inception3a.branch1.conv.weight": np.zeros((2, 3), np.float32), "fc.bias": np.zeros(2, np.float16)}
    return written(folder / "net.safetensors", safetensors.numpy.save(state))


def graph_def() -> bytes:
    """An input, constants of both kinds, and a layer of a TensorFlow graph."""
    message = {
        name: message_class(f"tensorflow.{name}") for name in ("GraphDef", "NodeDef", "AttrValue", "TensorProto")
    }
    entry, numbers = message_class("tensorflow.NodeDef.AttrEntry"), message_class("tensorflow.AttrValue.ListValue")
    dim, shape = message_class("tensorflow.TensorShapeProto.Dim"), message_class("tensorflow.TensorShapeProto")
    whole = shape(dim=[dim(size=length).SerializeToString() for length in (1, 2, 1, 3)]).SerializeToString()
    stored = message["TensorProto"](dtype=1, tensor_shape=whole, tensor_content=bytes(24)).SerializeToString()
    filled = message["TensorProto"](dtype=1, tensor_shape=whole, float_val=[1.0]).SerializeToString()
    strides = numbers(i=[1, 2, 2, 1]).SerializeToString()
    graph = message["GraphDef"]()
    for name, operator, inputs, attributes in (
        (b"input", b"Placeholder", [], {}),
        (b"conv2d0_w", b"Const", [], {b"value": {"tensor": stored}}),
        (b"conv2d0_b", b"Const", [], {b"value": {"tensor": filled}}),
        (b"conv", b"Conv2D", [b"input", b"conv2d0_w"], {b"strides": {"list": strides}, b"padding": {"s": b"SAME"}}),
        (b"norm", b"LRN", [b"conv"], {b"depth_radius": {"i": 5}, b"alpha": {"f": 1e-4}}),
    ):
        encoded = [
            entry(key=key, value=message["AttrValue"](**value).SerializeToString()).SerializeToString()
            for key, value in attributes.items()
        ]
        node = message["NodeDef"](name=name, op=operator, input=inputs, attr=encoded)
        graph.node.append(node.SerializeToString())
    return graph.SerializeToString()


def make_graph_def(folder: Path) -> Path:
    """A TensorFlow graph."""
    return written(folder / "net.pb", graph_def())


def make_graph_archive(folder: Path) -> Path:
    """A TensorFlow graph in a zip archive, with class names."""
    with zipfile.ZipFile(folder / "net.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net.pb", graph_def())
        archive.writestr("label_strings.txt", "dummy\nkit fox\n")
    return folder / "net.zip"


def make_exported(target: Target) -> ExportedModel:
    """A narrow network, exported."""
    spec = ArchitectureSpec("small-32", classes=2, width=0.01)
    weights = read_weights(GoogLeNet(build_architecture(spec)), auxiliaries=False)
    classes = (ClassLabel("a", "a"), ClassLabel("b", "b"))
    model = Model(spec, weights, classes, Preprocessing(32, 32, "crop", "RGB", (124.0, 117.0, 104.0), (0.02,) * 3))
    description = Description(
        target=target,
        precision="float32",
        networks=(ExportedNetwork(spec, model.about),),
        classes=classes,
        preprocessing=model.preprocessing,
        known_answer=((0.5, 0.5),),
        sha256="",
    )
    return describe_content(EXPORT_TARGETS[target].encode(build_graph(model), [model]), description)


def make_graph(folder: Path) -> Path:
    """The graph of an exported ONNX file, as an engine reads it that runs graphs."""
    return written(folder / f"{GRAPH}.onnx", make_exported("onnx").content[0])


def make_exported_onnx(folder: Path) -> Path:
    """An exported ONNX file."""
    path = folder / f"{EXPORTED}.onnx"
    write_exported(make_exported("onnx"), path)
    return path


def make_exported_pt2(folder: Path) -> Path:
    """An exported program of torch."""
    path = folder / f"{EXPORTED}.pt2"
    write_exported(make_exported("pt2"), path)
    return path


def make_exported_ir(folder: Path) -> Path:
    """An exported network for OpenVINO, whose XML is damaged."""
    write_exported(make_exported("openvino"), folder / "openvino")
    return folder / "openvino" / IR_FILES[0]


def written(path: Path, content: bytes) -> Path:
    """The path, with the content in it."""
    path.write_bytes(content)
    return path


MAKERS: tuple[Callable[[Path], Path], ...] = (
    make_old_caffemodel,
    make_caffemodel,
    make_onnx,
    make_torchvision,
    make_old_pickle,
    make_safetensors,
    make_graph_def,
    make_graph_archive,
    make_graph,
    make_exported_onnx,
    make_exported_ir,
    make_exported_pt2,
)

if __name__ == "__main__":
    main()
