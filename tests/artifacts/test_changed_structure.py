"""A few hundred of the files that `benchmarks/fuzz` makes: right checksums around what cannot be right."""

from __future__ import annotations

import importlib
import random

import numpy as np
import pytest

KINDS = importlib.import_module("benchmarks.fuzz.kinds")
ENGINES = importlib.import_module("benchmarks.fuzz.engines")


@pytest.mark.parametrize(("name", "files"), [("onnx", 150), ("int8", 60), ("model", 100), ("tensorflow", 15)])
def test_a_changed_file_is_one_line_or_a_model_on_which_engines_agree(name: str, files: int) -> None:
    """Engines run in a process of their own, so that one that crashes is told from one that refuses."""
    kind = KINDS.KINDS[name]()
    kind.engines = tuple(engine for engine in kind.engines if engine in ("native", "onnx"))
    passed = 0
    with ENGINES.Runner(kind) as runner:
        for number in range(files):
            content = kind.change(random.Random(f"suite {name} {number}"))
            end, model = KINDS.end_of_reading(kind, content)  # raises whatever is no error of the package
            if model is not None and kind.engines and passed < 5:
                passed += 1
                answers = runner.run(content)
                assert isinstance(answers, dict), f"{name} {number}: {answers}"
                assert not [one for one in answers.values() if isinstance(one, str) and one.startswith("RAW")]
                assert name == "int8" or ENGINES.disagreement(answers) < 1e-3
    assert np.isin(end, ["passed", "ModelFileError", "InputError"])
