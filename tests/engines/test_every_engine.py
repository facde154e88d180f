"""Every engine that is installed answers alike, from the same model file and the same squares."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from googlenet.engines import ENGINES, open_engine
from googlenet.errors import InputError, ModelFileError
from googlenet.model import Model, compare_answer, known_answer_images, load_model
from googlenet.pretrained import find_model

INSTALLED = [name for name, entry in ENGINES.items() if importlib.util.find_spec(entry.package)]


@pytest.fixture(scope="module")
def bvlc() -> Model:
    return load_model(find_model("bvlc"))


@pytest.mark.parametrize("name", INSTALLED)
def test_the_shipped_weights_give_their_known_answer(bvlc: Model, name: str) -> None:
    assert bvlc.known_answer is not None
    outputs = open_engine(bvlc, name=name, threads=1).run(bvlc.known_answer.images)
    assert compare_answer(bvlc.known_answer.probabilities, outputs.probabilities).agrees


@pytest.mark.parametrize("name", [name for name in INSTALLED if name != "torch"])
def test_an_answer_does_not_change_when_another_is_asked_for(bvlc: Model, name: str) -> None:
    engine = open_engine(bvlc, name=name, threads=1)
    first, second = known_answer_images(64, count=2)[:, None]
    outputs = engine.run(first)
    kept = outputs.probabilities.copy()
    engine.run(second)
    np.testing.assert_array_equal(outputs.probabilities, kept)


@pytest.mark.parametrize("name", [name for name in INSTALLED if name != "torch"])
def test_an_engine_of_the_cpu_refuses_another_device(bvlc: Model, name: str) -> None:
    with pytest.raises(InputError, match=f"the engine {name} runs only on the CPU, not on 'cuda'"):
        open_engine(bvlc, name=name, device="cuda")


@pytest.mark.parametrize("name", ["onnx", "openvino"])
def test_a_file_that_is_no_graph_is_refused_with_its_name(name: str) -> None:
    module = pytest.importorskip(f"googlenet.engines.{name}_engine")
    engine = {"onnx": "OnnxEngine", "openvino": "OpenVinoEngine"}[name]
    with pytest.raises(ModelFileError, match=r"broken\.onnx cannot be run"):
        getattr(module, engine)(b"\x08\x08nothing", where="broken.onnx")


@pytest.mark.parametrize("name", INSTALLED)
def test_a_model_in_memory_with_an_input_size_that_leaves_nothing_is_refused(bvlc: Model, name: str) -> None:
    small = replace(bvlc, preprocessing=replace(bvlc.preprocessing, input_size=8, resize_size=8))
    with pytest.raises(InputError, match="8"):
        open_engine(small, name=name)
