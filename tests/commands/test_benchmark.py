"""`googlenet benchmark`: a table for people, a record for programs, from the same measurement."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from googlenet.artifacts import EXPORT_FORMATS, Target, write_exported
from googlenet.benchmarking import CANDIDATES
from googlenet.machine import read_machine
from googlenet.model import load_model
from tests.artifacts.exported_models import exported, small_model

if TYPE_CHECKING:
    from tests.commands.conftest import Run

KEYS = {
    *("engine", "precision", "peer", "latency_ms_median", "latency_ms_p95", "images_per_second"),
    *("peak_megabytes", "file_megabytes", "ratio_to_fastest_peer"),
}


@pytest.fixture(autouse=True)
def few_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime alone, ours and plain, and one program that is not there: quick, and the same everywhere."""
    kept = [one for one in CANDIDATES if one.package in ("onnxruntime", "cv2")]
    monkeypatch.setattr("googlenet.benchmarking.candidates.CANDIDATES", kept)
    monkeypatch.setattr("googlenet.benchmarking.candidates.find_spec", lambda name: None if name == "cv2" else "there")


def test_json_has_the_promised_keys_for_every_engine_and_peer(googlenet: Run, trained: Path) -> None:
    record = googlenet("benchmark", trained, "--json", "--rounds", "2", "--batch", "2", "--threads", "1").json
    assert {(one["engine"], one["peer"]) for one in record["results"]} == {("onnx", False), ("onnxruntime", True)}
    for one in record["results"]:
        assert one.keys() >= KEYS
        assert 0 < one["latency_ms_median"] <= one["latency_ms_p95"]
        assert one["peak_megabytes"] > one["file_megabytes"] > 0
    peer = next(one for one in record["results"] if one["peer"])
    ours = {one["precision"]: one for one in record["results"] if not one["peer"]}
    assert ours.keys() == {"float32", "int8"}
    assert ours["int8"]["file_megabytes"] < 0.5 * ours["float32"]["file_megabytes"]
    assert record["fastest_peer"] == "onnxruntime"
    assert peer["ratio_to_fastest_peer"] == 1
    for one in ours.values():
        expected = peer["latency_ms_median"] / one["latency_ms_median"]
        assert one["ratio_to_fastest_peer"] == pytest.approx(expected, rel=0.01)
    assert (record["threads"], record["rounds"], record["batch"]) == (1, 2, 2)
    assert record["input_size"] == load_model(trained).preprocessing.input_size
    assert record["left_out"][0]["engine"] == "opencv"


def test_the_text_begins_with_the_processor_and_ends_with_the_fastest(googlenet: Run, trained: Path) -> None:
    lines = googlenet("benchmark", trained, "--rounds", "1", "--batch", "1", "--threads", "1").out.splitlines()
    assert lines[0] == str(read_machine())
    input_size = load_model(trained).preprocessing.input_size
    assert lines[1] == f"{trained}, {input_size} px; threads: 1; rounds: 1, each of 10 single pictures"
    assert any(line.split()[:3] == ["onnxruntime", "float32", "peer"] and line.endswith("1.00") for line in lines)
    assert "skipped: opencv (peer): cv2 is not installed: pip install opencv-python-headless" in lines
    assert re.match(r"The fastest is (native|onnx) \((float32|int8)\) with ", lines[-1])
    assert lines[-1].endswith("times as fast as the fastest peer, onnxruntime.")
    about_this_machine = 2  # the lines of the processor's name and of the model's path, as long as these are
    assert all(len(line) <= 100 for line in lines[about_this_machine:])


@pytest.mark.parametrize(
    ("target", "engines"), [("onnx", {"native", "onnx", "openvino"}), ("openvino", {"openvino"}), ("pt2", {"torch"})]
)
def test_an_exported_file_is_timed_by_the_engines_that_run_it_and_beside_no_peer(
    googlenet: Run, target: Target, engines: set[str], tmp_path: Path
) -> None:
    pytest.importorskip("openvino")
    path = tmp_path / f"model{EXPORT_FORMATS[target].suffix}"
    file = exported(target, [small_model()])
    write_exported(file, path)
    record = googlenet("benchmark", path, "--json", "--rounds", "1", "--batch", "1", "--threads", "1").json
    assert {one["engine"] for one in record["results"]} == engines
    for one in record["results"]:
        assert one.keys() >= KEYS
        assert (one["precision"], one["peer"], one["ratio_to_fastest_peer"]) == ("float32", False, None)
        assert one["file_megabytes"] == pytest.approx(file.megabytes, abs=0.01)
    assert record["fastest_peer"] is None


def test_the_text_says_why_no_peer_is_beside_an_exported_file(googlenet: Run, tmp_path: Path) -> None:
    write_exported(exported("onnx", [small_model()]), tmp_path / "model.onnx")
    done = googlenet("benchmark", tmp_path / "model.onnx", "--rounds", "1", "--batch", "1", "--threads", "1")
    assert done.out.endswith(
        "; peers are not timed: an exported file does not contain the plain graph that they need.\n"
    )


def test_a_side_that_the_network_cannot_take_is_refused_before_anything_runs(googlenet: Run, trained: Path) -> None:
    assert googlenet("benchmark", trained, "--input-size", "3").error.startswith("an input of 3 px is too small")
