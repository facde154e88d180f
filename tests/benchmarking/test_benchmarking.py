"""What is timed, how a worker answers, and what is made of the times."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from time import sleep

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.benchmarking import (
    CANDIDATES,
    Candidate,
    Comparison,
    Measurement,
    Timing,
    Worker,
    WorkerError,
    compare,
    engine_openers,
    write_files,
)
from googlenet.benchmarking.candidates import MODEL
from googlenet.benchmarking.files import GRAPHS
from googlenet.benchmarking.timing_process import peak_bytes, time_runs
from googlenet.engines import ENGINES
from googlenet.engines.onnx_engine import OnnxEngine
from googlenet.engines.onnx_runtime import onnxruntime
from googlenet.images import Preprocessing
from googlenet.machine import installed_version, read_machine
from googlenet.model import ClassLabel, Model, known_answer_images, save_model
from googlenet.network import GoogLeNet, read_weights

ONNX = next(one for one in CANDIDATES if str(one) == "onnx (float32)")
PLAN = Timing(input_size=32, threads=1, rounds=2, pictures=3, batch=2)


@pytest.fixture(scope="module")
def model() -> Model:
    spec = ArchitectureSpec("small-32", classes=2, width=0.125)
    weights = read_weights(GoogLeNet(build_architecture(spec)), auxiliaries=False)
    preprocessing = Preprocessing(32, 32, "crop", "RGB", (100.0, 110.0, 120.0), (0.02, 0.03, 0.04))
    return Model(spec, weights, (ClassLabel("a", "a"), ClassLabel("b", "b")), preprocessing)


@pytest.fixture(scope="module")
def files(model: Model, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("benchmarking")
    save_model(model, folder / "model.safetensors")
    return write_files(folder / "model.safetensors", [model], folder, GRAPHS)


def test_every_row_of_the_table_names_a_function_that_is_there_and_a_file_that_is_written() -> None:
    for one in CANDIDATES:
        module, _, function = one.opener.partition(":")
        assert callable(getattr(import_module(module), function))
        assert one.reads is None or one.reads in (MODEL, *GRAPHS)
        assert one.install.startswith("pip install ")
    assert len({(one.engine, one.precision, one.peer) for one in CANDIDATES}) == len(CANDIDATES)
    for engine in ENGINES:
        assert callable(getattr(engine_openers, f"open_exported_in_{engine}"))


def test_peers_are_in_float32_on_the_graph_as_it_is_written() -> None:
    for one in CANDIDATES:
        if one.peer:
            assert one.precision == "float32"
            assert one.reads in ("plain", "floats") or not one.same_network


def test_a_feature_that_the_processor_lacks_leaves_a_row_out_with_a_sentence() -> None:
    bf16 = next(one for one in CANDIDATES if one.precision == "bf16")
    assert bf16.missing(("avx2",)) == "this processor has no AVX-512 bf16 or AMX bf16"


def test_a_program_that_is_not_installed_is_left_out_with_the_command_that_installs_it() -> None:
    absent = Candidate("other", "float32", None, "a:b", "no_such_package", "pip install no-such-package", peer=True)
    comparison = compare([absent], {}, PLAN)
    assert comparison.measurements == ()
    assert comparison.left_out == {absent: "no_such_package is not installed: pip install no-such-package"}
    assert str(absent) == "other (peer)"


def test_the_processor_is_read_from_what_linux_says(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: A CPU\nflags\t\t: sse avx2 avx512f avx512_vnni\n\nprocessor\t: 1\n")
    machine = read_machine(info)
    assert (machine.processor, machine.features) == ("A CPU", ("avx2", "avx512f", "avx512_vnni"))
    assert "A CPU" in str(machine)
    assert "AVX2, AVX-512, AVX-512 VNNI" in str(machine)
    assert "vector features unknown" in str(read_machine(tmp_path / "none"))


def test_a_package_that_runs_from_its_sources_has_no_version_and_is_no_error() -> None:
    assert installed_version("a-package-that-nobody-installs") == "not installed"
    assert installed_version("numpy")[0].isdigit()


def test_files_are_graphs_that_a_checker_accepts(files: dict[str, Path]) -> None:
    for kind in GRAPHS:
        onnx.checker.check_model(onnx.load(files[kind]), full_check=True)


def test_the_graph_for_programs_that_take_floats_says_the_same(model: Model, files: dict[str, Path]) -> None:
    images = known_answer_images(32)
    floats = images.transpose(0, 3, 1, 2).astype(np.float32) - np.array(model.preprocessing.mean).reshape(1, 3, 1, 1)
    session = onnxruntime.InferenceSession(files["floats"], providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    (probabilities,) = session.run(None, {entry.name: floats.astype(np.float32)})
    expected = OnnxEngine(files["plain"].read_bytes(), where="plain", threads=1).run(images).probabilities
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)


def test_runs_are_timed_on_pictures_of_the_size_that_is_asked_for() -> None:
    shapes: list[tuple[int, ...]] = []
    first: list[int] = []

    def run(images: NDArray[np.uint8]) -> None:
        shapes.append(images.shape)
        first.append(int(images[0].sum()))
        sleep(0.003 * len(shapes))

    seconds = time_runs(run, times=4, batch=5, input_size=24)
    assert shapes == [(5, 24, 24, 3)] * 4
    assert len(seconds) == 4
    assert all(second >= 0.003 * number for number, second in enumerate(seconds, 1)), "a run takes as long as it sleeps"
    assert first[0] == first[3]
    assert len(set(first)) == 3


def test_the_peak_is_at_least_what_is_held() -> None:
    before = peak_bytes()
    held = np.ones(max(50_000_000, before), np.uint8)  # touched, so that it counts
    assert peak_bytes() >= len(held)


@pytest.mark.parametrize("one", [one for one in CANDIDATES if one.missing(read_machine().features) is None], ids=str)
def test_a_worker_opens_each_candidate_that_is_installed(one: Candidate, files: dict[str, Path]) -> None:
    worker = Worker(one, None if one.reads is None else files[one.reads], threads=1)
    try:
        assert len(worker.run(times=2, batch=1, input_size=224 if one.reads is None else 32)) == 2
        assert worker.peak_bytes() > 10_000_000
    finally:
        worker.close()
    assert worker.process.returncode == 0


def test_a_worker_says_why_it_cannot_open_its_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"\x08\x08nothing")
    with pytest.raises(WorkerError, match=r"broken\.onnx cannot be run"):
        Worker(ONNX, broken, threads=1)


def test_a_worker_that_is_gone_is_an_error_with_its_exit_code(files: dict[str, Path]) -> None:
    worker = Worker(ONNX, files["onnx"], threads=1)
    worker.process.kill()
    worker.process.wait()
    with pytest.raises(WorkerError, match=r"exited unexpectedly \(exit code -9\)"):
        worker.run(times=1, batch=1, input_size=32)
    worker.close()


def test_candidates_are_compared_in_rounds_and_a_broken_one_is_left_out(files: dict[str, Path], tmp_path: Path) -> None:
    ours, peer = (one for one in CANDIDATES if one.package == "onnxruntime" and one.precision == "float32")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"nothing")
    other = Candidate("other", "float32", "broken", ours.opener, "onnxruntime", "pip install onnxruntime")
    told: list[tuple[int, int]] = []
    comparison = compare(
        [ours, other, peer], {**files, "broken": broken}, PLAN, on_progress=lambda *counts: told.append(counts)
    )
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert {one.candidate for one in comparison.measurements} == {ours, peer}
    assert comparison.left_out.keys() == {other}
    assert comparison.left_out[other].startswith("it cannot be opened: ")
    for one in comparison.measurements:
        assert 0 < one.latency_ms_median <= one.latency_ms_p95
        assert one.images_per_second >= 1000 / one.latency_ms_median * 0.999
        assert one.fastest_batch in (1, PLAN.batch)
        assert one.file_megabytes == files[one.candidate.reads or ""].stat().st_size / 1e6


def measured(name: str, median: float, *, peer: bool = False, same_network: bool = True) -> Measurement:
    one = Candidate(name, "float32", None, "a:b", "numpy", "pip install numpy", peer=peer, same_network=same_network)
    return Measurement(one, median, median, 1000 / median, 1, 1.0, None)


def test_the_ratio_is_to_the_fastest_peer_on_the_same_network() -> None:
    ours, cheaper = measured("ours", 5.0), measured("another", 6.0, peer=True, same_network=False)
    fast, slow = measured("fast", 10.0, peer=True), measured("slow", 20.0, peer=True)
    comparison = Comparison((ours, cheaper, fast, slow), {})
    assert comparison.fastest_peer is fast
    assert [comparison.ratio_to_fastest_peer(one) for one in (ours, fast, slow)] == [2.0, 1.0, 0.5]
    assert Comparison((ours, cheaper), {}).ratio_to_fastest_peer(ours) is None
