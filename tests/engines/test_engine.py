"""Engines are chosen by name and loaded only then; a missing package is one sentence with its cure."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection
from typing import Any

import numpy as np
import pytest

from googlenet.architecture import ArchitectureSpec
from googlenet.engines import ENGINES, EngineEntry, Extra, FunctionEngine, Outputs, open_engine
from googlenet.errors import InputError, MissingExtraError
from googlenet.images import DEFAULT_PREPROCESSING
from googlenet.model import ClassLabel, Model

MODEL = Model(ArchitectureSpec(classes=1), {}, (ClassLabel("a", "a"),), DEFAULT_PREPROCESSING)


class Mirror:
    """An engine that says what it was made with."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def from_model(cls, model: Model, *, device: str | None, threads: int | None) -> Mirror:
        return cls(f"mirror of {model.spec.variant} on {device}, {threads} threads")

    def run(self, images: Any, *, also: Collection[Extra] = ()) -> Outputs:
        return Outputs(np.ones((len(images), 1), np.float32))


def test_a_row_of_the_table_is_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "mirror", EngineEntry(f"{__name__}:Mirror.from_model", "mirror", "mirror"))
    assert open_engine(MODEL, name="mirror", device="cpu", threads=3).name == "mirror of paper on cpu, 3 threads"


def best() -> bool:
    return True


def test_without_a_name_the_engine_is_taken_that_is_best_here(monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = EngineEntry(f"{__name__}:Mirror.from_model", "mirror", "mirror", best_if=f"{__name__}:best")
    monkeypatch.setitem(ENGINES, "native", mirror)
    assert open_engine(MODEL).name == "mirror of paper on None, None threads"


def test_where_none_is_best_onnx_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "native", EngineEntry(f"{__name__}:refuse", "a", "a"))
    monkeypatch.setitem(ENGINES, "onnx", EngineEntry(f"{__name__}:Mirror.from_model", "mirror", "mirror"))
    assert open_engine(MODEL).name == "mirror of paper on None, None threads"


def refuse(model: Model, *, device: str | None, threads: int | None) -> Mirror:
    raise InputError("no kernel for this")


def test_a_model_that_the_best_engine_cannot_run_goes_to_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "native", EngineEntry(f"{__name__}:refuse", "a", "a", best_if=f"{__name__}:best"))
    monkeypatch.setitem(ENGINES, "onnx", EngineEntry(f"{__name__}:Mirror.from_model", "mirror", "mirror"))
    assert open_engine(MODEL).name == "mirror of paper on None, None threads"


def test_a_name_that_does_not_exist_is_answered_with_those_that_do() -> None:
    with pytest.raises(
        InputError, match="no engine is called 'tensorflow'; the engines are native, onnx, openvino, torch"
    ):
        open_engine(MODEL, name="tensorflow")


def test_a_missing_package_is_a_sentence_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "abacus", EngineEntry("abacus_of_nowhere.engine:make", "abacus_of_nowhere", "abacus"))
    with pytest.raises(MissingExtraError, match=r'needs abacus_of_nowhere.*pip install "googlenet\[abacus\]"'):
        open_engine(MODEL, name="abacus")


def test_a_defect_inside_an_engine_is_not_taken_for_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "broken", EngineEntry("abacus_of_nowhere.engine:make", "torch", "train"))
    with pytest.raises(ModuleNotFoundError, match="abacus_of_nowhere"):
        open_engine(MODEL, name="broken")


def test_a_function_is_an_engine() -> None:
    engine = FunctionEngine(lambda images: images.mean(axis=(1, 2)) / 255, name="colours")
    outputs = engine.run(np.full((2, 4, 4, 3), 255, np.uint8))
    assert engine.name == "colours"
    assert outputs.probabilities.dtype == np.float32
    np.testing.assert_array_equal(outputs.probabilities, np.ones((2, 3)))


def test_importing_engines_and_the_classifier_imports_no_torch() -> None:
    code = "import sys, googlenet.classifier, googlenet.evaluation; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
