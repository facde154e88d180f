"""Each command imports what it needs when it runs: seen from the modules that are loaded when it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.images import Preprocessing
from googlenet.model import ClassLabel, Model, save_model
from googlenet.network import GoogLeNet, read_weights

# Runs the command, and prints on standard error which of the watched modules are loaded when it ends.
WATCHER = """
import json, sys
from googlenet.cli.main import main
try:
    main()
except SystemExit as end:
    code = end.code or 0
else:
    code = 0
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""
HEAVY = {"argcomplete", "torch", "sklearn", "scipy", "pandas", "torchvision", "matplotlib", "tensorboard"}


def loaded_by(*arguments: str | Path) -> set[str]:
    """Names of all modules that are loaded after `googlenet ARGUMENTS`, which must end well."""
    command = [sys.executable, "-c", WATCHER, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return set(modules)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of a small network with its starting weights, beside a picture."""
    path = tmp_path_factory.mktemp("light") / "model.safetensors"
    spec = ArchitectureSpec("small-32", classes=2, width=0.125)
    weights = read_weights(GoogLeNet(build_architecture(spec)), auxiliaries=False)
    preprocessing = Preprocessing(32, 32, "crop", "RGB", (124.0, 117.0, 104.0), (0.02,) * 3)
    save_model(Model(spec, weights, (ClassLabel("a", "a"), ClassLabel("b", "b")), preprocessing), path)
    Image.new("RGB", (40, 40)).save(path.with_name("black.png"))
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("table1",),
        ("table1", "--json", "--variant", "torchvision"),
        ("predict", "--help"),
        ("explain", "--help"),
        ("train", "--help"),
    ],
)
def test_help_and_the_table_take_the_standard_library_alone(arguments: tuple[str, ...]) -> None:
    assert not (HEAVY | {"numpy", "PIL", "safetensors", "msgspec"}) & loaded_by(*arguments)


def test_recipes_take_nothing_heavy() -> None:
    assert not HEAVY & loaded_by("recipes", "scratch")


def test_info_reads_a_model_without_torch(model: Path) -> None:
    assert not HEAVY & loaded_by("info", model)


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_predicting_takes_no_torch_and_nothing_of_training(model: Path, engine: str) -> None:
    loaded = loaded_by("predict", model, model.with_name("black.png"), "--json", "--engine", engine)
    assert {"onnx": "onnxruntime", "openvino": "openvino"}[engine] in loaded  # so that the watcher is known to see
    assert not HEAVY & loaded
    rooms = ("googlenet.training", "googlenet.evaluation", "googlenet.dataset", "googlenet.runs", "googlenet.recipes")
    assert not [name for name in loaded if name.startswith(rooms)]
    assert not {"google.protobuf", "googlenet.importers.registry", "openvino_telemetry"} & loaded


def test_explaining_takes_no_torch_and_nothing_of_training(model: Path) -> None:
    out = model.with_name("why.png")
    loaded = loaded_by("explain", model, model.with_name("black.png"), "--engine", "onnx", "--out", out)
    assert not HEAVY & loaded
    rooms = ("googlenet.training", "googlenet.evaluation", "googlenet.dataset", "googlenet.runs", "googlenet.recipes")
    assert not [name for name in loaded if name.startswith(rooms)]


def test_evaluating_takes_no_torch(model: Path) -> None:
    for label in "ab":
        folder = model.with_name("pictures") / label
        folder.mkdir(parents=True)
        Image.new("RGB", (40, 40)).save(folder / "black.png")
    assert not HEAVY & loaded_by("evaluate", model, model.with_name("pictures"), "--split", "all")


def test_verifying_a_known_answer_takes_no_torch() -> None:
    assert not HEAVY & loaded_by("info", "bvlc", "--verify")


@pytest.mark.parametrize("target", ["onnx", "openvino"])
def test_exporting_and_running_what_was_exported_takes_no_torch(model: Path, target: str) -> None:
    out = model.with_name(f"exported-{target}")
    assert not HEAVY & loaded_by("export", model, "--to", target, "--precision", "float32", "--out", out)
    loaded = loaded_by("predict", out, model.with_name("black.png"), "--engine", target)
    assert {"onnx": "onnxruntime", "openvino": "openvino"}[target] in loaded
    assert not HEAVY & loaded
    assert not HEAVY & loaded_by("info", out, "--verify")
