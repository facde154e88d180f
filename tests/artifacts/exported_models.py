"""A small model and what it is exported to, for tests of reading exported files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import msgspec
import numpy as np

from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.artifacts import Description, ExportedModel, ExportedNetwork, Target, describe_content
from googlenet.artifacts.onnx import with_metadata
from googlenet.engines import open_engine
from googlenet.export import EXPORT_TARGETS
from googlenet.graph import build_graph
from googlenet.images import Preprocessing
from googlenet.model import About, ClassLabel, KnownAnswer, Model, known_answer_images, with_checksum
from googlenet.network import GoogLeNet, read_weights
from googlenet.protobuf import parse


def small_model(seed: int = 0, *, width: float = 0.125, variant: str = "small-32", input_size: int = 32) -> Model:
    """A narrow network that tells its three classes apart, with its known answer."""
    spec = ArchitectureSpec(variant, classes=3, width=width)
    generator = np.random.default_rng(seed)
    weights = read_weights(GoogLeNet(build_architecture(spec)), auxiliaries=False)
    weights = {
        name: weight * (20 if name == "linear.weight" else generator.uniform(0.8, 1.2, weight.shape).astype(np.float32))
        for name, weight in weights.items()
    }
    model = Model(
        spec,
        weights,
        (ClassLabel("n01", "tench"), ClassLabel("n02", "cassette player"), ClassLabel("n03", "Straße & <Weg>")),
        Preprocessing(input_size, input_size + 4, "crop", "BGR", (104.0, 117.0, 124.0), (1 / 58,) * 3),
        about=About(scores={"top1": 0.75}, licence="MIT", source="trained", source_sha256="ab12"),
    )
    images = known_answer_images(input_size)
    return replace(model, known_answer=KnownAnswer(images, open_engine(model, threads=1).run(images).probabilities))


def exported(target: Target, models: Sequence[Model]) -> ExportedModel:
    """The models as an exported file of a target in float32, without the gate; not written."""
    content = EXPORT_TARGETS[target].encode(build_graph(*models), models)
    answers = [model.known_answer.probabilities for model in models if model.known_answer is not None]
    return describe_content(
        content,
        Description(
            target=target,
            precision="float32",
            networks=tuple(ExportedNetwork(model.spec, model.about) for model in models),
            classes=models[0].classes,
            preprocessing=models[0].preprocessing,
            known_answer=tuple(tuple(map(float, row)) for row in np.mean(answers, axis=0)),
            temperature=models[0].temperature,
            sha256="",
        ),
    )


def resealed(content: bytes, description: Description) -> bytes:
    """An ONNX file with any graph and the description of another, whose checksums are right: anybody can make one."""
    graph = parse("onnx.ModelProto", content, where="the changed file").graph
    fields = msgspec.to_builtins(description) | {"sha256": sha256(graph).hexdigest()}
    return with_metadata((content,), with_checksum(json.dumps(fields)))[0]
