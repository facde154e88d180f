"""A few hundred of the files that `benchmarks/fuzz_structure.py` makes: right checksums around what cannot be right."""

from __future__ import annotations

import importlib
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def fuzz() -> Any:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module("fuzz_structure")
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.mark.parametrize(("name", "files"), [("onnx", 150), ("int8", 60), ("model", 100)])
def test_a_changed_file_is_one_line_or_a_model_on_which_engines_agree(fuzz: Any, name: str, files: int) -> None:
    """Engines run in a process of their own, so that one that crashes is told from one that refuses."""
    kind = fuzz.KINDS[name]()
    kind.engines = tuple(engine for engine in kind.engines if engine in ("native", "onnx"))
    passed = 0
    with fuzz.Runner(kind) as runner:
        for number in range(files):
            content = kind.change(random.Random(f"suite {name} {number}"))
            end, model = fuzz.end_of_reading(kind, content)  # raises whatever is no error of the package
            if model is not None and kind.engines and passed < 5:
                passed += 1
                answers = runner.run(content)
                assert isinstance(answers, dict), f"{name} {number}: {answers}"
                assert not [one for one in answers.values() if isinstance(one, str) and one.startswith("RAW")]
                assert name == "int8" or fuzz.disagreement(answers) < 1e-3
    assert np.isin(end, ["passed", "ModelFileError", "InputError"])
