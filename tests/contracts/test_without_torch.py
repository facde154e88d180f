"""Models run where torch is not installed, and nothing is sent anywhere: seen from inside a program of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.artifacts import Description, ExportedNetwork, Target, describe_content, write_exported
from googlenet.export import EXPORT_TARGETS
from googlenet.graph import build_graph
from googlenet.images import Preprocessing
from googlenet.model import ClassLabel, Model, load_model, save_model
from googlenet.network import GoogLeNet, read_weights

# Before the program proper: some packages cannot be imported, and sockets connect to nothing, but write down who tried;
# so do the processes that it forks. A name is looked up before a socket connects, so looking up counts, too.
BARRIER = """
import json, os, socket, sys

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "torchvision", "sklearn", "scipy", "pandas"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

def refuse(*arguments, **options):
    with open(os.environ["ATTEMPTS"], "a") as file:
        print(repr(arguments[:2]), file=file)
    raise OSError("there is no network")

sys.meta_path.insert(0, Refusing())
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
"""

COMMANDS = """
from googlenet.cli.main import main
codes = []
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["googlenet", *arguments]
    try:
        main()
    except SystemExit as end:
        codes.append(end.code or 0)
    else:
        codes.append(0)
print(json.dumps(codes), file=sys.stderr)
"""


@dataclass(frozen=True)
class Isolated:
    """How a program ended behind the barrier: what it printed, and each attempt at a network."""

    code: int
    out: str
    err: str
    attempts: tuple[str, ...]


def run_behind_barrier(program: str, *arguments: str, home: Path) -> Isolated:
    """Run a program with an empty home folder, so that nobody has consented to or refused anything.

    The barrier does not reach native code; that of ONNX Runtime keeps files below the home folder when it reports.
    """
    home.mkdir(exist_ok=True)
    log = home.with_name("attempts.txt")
    log.write_text("")
    kept = ("PATH", "PYTHONPATH", "OMP_NUM_THREADS")  # not the variables by which telemetry knows a test's machine
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", BARRIER + program, *arguments],
        capture_output=True,
        text=True,
        env=environment | {"HOME": str(home), "ATTEMPTS": str(log)},
    )
    return Isolated(done.returncode, done.stdout, done.stderr, tuple(log.read_text().splitlines()))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of a small network with its starting weights, whose two classes are ImageNet's first."""
    path = tmp_path_factory.mktemp("isolated") / "model.safetensors"
    spec = ArchitectureSpec("small-32", classes=2, width=0.125)
    weights = read_weights(GoogLeNet(build_architecture(spec)), auxiliaries=False)
    classes = (ClassLabel("n01440764", "tench"), ClassLabel("n01443537", "goldfish"))
    save_model(Model(spec, weights, classes, Preprocessing(32, 32, "crop", "RGB", (124.0,) * 3, (0.02,) * 3)), path)
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for label in ("n01440764", "n01443537"):
        (folder / label).mkdir()
        Image.new("RGB", (40, 40), "orange").save(folder / label / "one.png")
    return folder


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_every_verb_that_runs_a_model_works_without_torch_and_sends_nothing(
    small: Path, pictures: Path, home: Path, engine: str
) -> None:
    pytest.importorskip({"onnx": "onnxruntime", "openvino": "googlenet.engines.openvino_engine"}[engine])
    picture = str(pictures / "n01440764" / "one.png")
    commands = [
        command
        for model in ("bvlc", str(small))
        for command in (
            ["predict", model, picture, "--engine", engine],
            ["evaluate", model, str(pictures), "--split", "all", "--engine", engine],
            ["info", model, "--verify", "--engine", engine],
            ["explain", model, picture, "--engine", engine, "--out", str(home.with_name(f"{Path(model).stem}.png"))],
        )
    ]
    done = run_behind_barrier(COMMANDS, json.dumps([*commands, ["benchmark", "--help"]]), home=home)
    assert json.loads(done.err.splitlines()[-1]) == [0] * 9, done.err
    assert "known answer   agrees" in done.out
    assert done.attempts == ()
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("target", ["onnx", "openvino"])
def test_an_exported_file_is_explained_without_torch(small: Path, pictures: Path, home: Path, target: Target) -> None:
    """Its last layer is read from the file itself, and gives the logits of the model that it was made from."""
    pytest.importorskip({"onnx": "onnxruntime", "openvino": "googlenet.engines.openvino_engine"}[target])
    model, exported = load_model(small), home.with_name(f"exported-{target}")
    content = EXPORT_TARGETS[target].encode(build_graph(model), [model])
    networks = (ExportedNetwork(model.spec, model.about),)
    described = Description(
        target=target,
        precision="float32",
        networks=networks,
        classes=model.classes,
        preprocessing=model.preprocessing,
        known_answer=(),
        sha256="",
    )
    write_exported(describe_content(content, described), exported)
    picture = str(pictures / "n01440764" / "one.png")
    commands = [["explain", str(path), picture, "--json", "--engine", target] for path in (small, exported)]
    done = run_behind_barrier(COMMANDS, json.dumps(commands), home=home)
    assert json.loads(done.err.splitlines()[-1]) == [0, 0], done.err
    of_model, of_file = (json.loads(line)["classes"] for line in done.out.splitlines())
    assert [one["label"] for one in of_model] == [one["label"] for one in of_file]
    for one, other in zip(of_model, of_file, strict=True):
        mean = sum(value for row in other["map"] for value in row) / sum(map(len, other["map"]))
        assert other["logit"] == pytest.approx(other["bias"] + mean, abs=1e-3)
        assert other["logit"] == pytest.approx(one["logit"], abs=1e-3)
    assert done.attempts == ()


def test_the_function_of_the_package_loads_and_predicts_without_torch(small: Path, pictures: Path, home: Path) -> None:
    program = """
import googlenet
for model in sys.argv[1:3]:
    print(len(googlenet.load(model).predict(sys.argv[3]).ranking))
"""
    done = run_behind_barrier(program, "bvlc", str(small), str(pictures / "n01440764" / "one.png"), home=home)
    assert (done.code, done.out.split(), done.attempts) == (0, ["5", "2"], ()), done.err


def test_a_verb_that_needs_torch_says_which_extra_brings_it(small: Path, pictures: Path, home: Path) -> None:
    picture = str(pictures / "n01440764" / "one.png")
    visualize = ["visualize", str(small), "conv1:0", "--out", str(home / "sheet.png")]
    arguments = json.dumps([["predict", str(small), picture, "--engine", "torch"], visualize])
    done = run_behind_barrier(COMMANDS, arguments, home=home)
    assert "error: running this model needs torch, which is not installed: pip install" in done.err
    assert "error: making images needs torch, which is not installed: pip install" in done.err
    assert json.loads(done.err.splitlines()[-1]) == [2, 2]


def test_the_barrier_sees_who_tries_to_send_something(home: Path) -> None:
    program = "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')"
    done = run_behind_barrier(program, home=home)
    assert done.code != 0
    assert len(done.attempts) == 1
    assert "127.0.0.1" in done.attempts[0]


def test_openvino_by_itself_would_report_its_import(home: Path) -> None:
    """What is switched off; where this fails because nothing is sent any more, `openvino_runtime` may go."""
    pytest.importorskip("openvino_telemetry")
    done = run_behind_barrier("import openvino", home=home)
    assert any("google-analytics" in attempt for attempt in done.attempts)
