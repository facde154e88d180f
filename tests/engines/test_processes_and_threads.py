"""However an engine was opened: copies, other processes, forked children and several threads get its right answers."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from googlenet.classifier import Classifier
from googlenet.engines import FunctionEngine, open_engine
from googlenet.errors import InputError
from googlenet.model import save_model
from tests.artifacts.exported_models import small_model
from tests.engines.opened_models import WAYS, Way

SQUARES: NDArray[np.uint8] = np.random.default_rng(4).integers(0, 256, (5, 32, 32, 3), np.uint8)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[Way, Path]:
    return {way: way.write(tmp_path_factory.mktemp(str(way))) for way in WAYS}


@pytest.fixture(scope="module")
def classifiers(paths: dict[Way, Path]) -> dict[Way, Classifier]:
    return {way: way.open(path) for way, path in paths.items()}


@pytest.fixture(scope="module")
def another_process() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


def same(classifier: Classifier) -> Classifier:
    """Through bytes and back, of which few are needed: the file is named, its weights stay where they are."""
    data = pickle.dumps(classifier)
    assert len(data) < 10_000
    again = pickle.loads(data)
    assert isinstance(again, Classifier)
    return again


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, same])
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_copy_answers_alike(
    classifiers: dict[Way, Classifier], way: Way, copied: Callable[[Classifier], Classifier]
) -> None:
    classifier = classifiers[way]
    again = copied(classifier)
    assert (again.classes, again.preprocessing) == (classifier.classes, classifier.preprocessing)
    assert again.predict(SQUARES[0]) == classifier.predict(SQUARES[0])


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_spawned_process_answers_alike(
    classifiers: dict[Way, Classifier], way: Way, another_process: ProcessPoolExecutor
) -> None:
    engine = classifiers[way].engine
    there = another_process.submit(engine.run, SQUARES).result(timeout=60)
    np.testing.assert_allclose(there.probabilities, engine.run(SQUARES).probabilities, atol=1e-6)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_several_threads_get_the_answers_to_their_own_squares(classifiers: dict[Way, Classifier], way: Way) -> None:
    engine = classifiers[way].engine
    batches = [SQUARES[first : first + 1 + first % 2] for first in range(4)]
    alone = [engine.run(batch).probabilities for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda batch: engine.run(batch).probabilities, batches * 20))
    for answer, expected in zip(together, alone * 20, strict=True):
        np.testing.assert_allclose(answer, expected, atol=1e-6)


FORKS = """
import os, pickle, signal, sys, threading
import googlenet, numpy as np

engine, paths, squares = pickle.load(sys.stdin.buffer)
classifiers = {name: googlenet.load(path, engine=engine, device="cpu", threads=2) for name, path in paths.items()}
answers = {name: classifier.engine.run(squares).probabilities for name, classifier in classifiers.items()}
values = classifiers[engine].activations(squares, "3a")["3a"]  # of the model file, which is called as its engine

def in_child(name, work=lambda: None):
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)  # what hangs is ended
        np.testing.assert_allclose(classifiers[name].engine.run(squares).probabilities, answers[name], atol=1e-6)
        if name == engine:
            np.testing.assert_allclose(classifiers[name].activations(squares, "3a")["3a"], values, atol=1e-4)
        work()
        sys.exit()  # as a program ends: all that it holds is taken apart
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def in_grandchild(name):
    if in_child(name) != 0:
        sys.exit(3)

def while_busy(name):
    done = threading.Event()
    def predict():
        while not done.is_set():
            classifiers[name].engine.run(squares)
    thread = threading.Thread(target=predict)
    thread.start()
    code = in_child(name, lambda: in_grandchild(name))
    done.set()
    thread.join()
    return code

for name in paths:
    code = while_busy(name)
    np.testing.assert_allclose(classifiers[name].engine.run(squares).probabilities, answers[name], atol=1e-6)
    print(name, code, flush=True)
"""


@pytest.fixture(scope="module")
def forked(paths: dict[Way, Path]) -> dict[str, str]:
    """Of each way: how its children ended; a process for each engine, because torch takes seconds to import."""
    lines = []
    for engine in {way.engine: None for way in paths}:
        own = {str(way): str(path) for way, path in paths.items() if way.engine == engine}
        done = subprocess.run(
            [sys.executable, "-c", FORKS],
            input=pickle.dumps((engine, own, SQUARES[:2])),
            capture_output=True,
            check=False,
            env=os.environ | {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive"},  # others need the processors, too
        )
        assert done.returncode == 0, done.stderr.decode()
        lines += done.stdout.decode().splitlines()
    return dict(line.split(" ", 1) for line in lines)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_forked_child_answers_alike_and_ends(forked: dict[str, str], way: Way) -> None:
    """Its own child does, too; the first is forked while another thread predicts."""
    assert forked[str(way)] == "0"


def test_a_copy_of_a_file_that_is_another_one_by_now_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_model(small_model(1), path)
    data = pickle.dumps(Classifier.load(path, threads=1))
    save_model(small_model(2), path)
    with pytest.raises(InputError, match=r"model\.safetensors has changed since this classifier was loaded"):
        pickle.loads(data)
    path.unlink()
    with pytest.raises(InputError, match=r"model\.safetensors: no such model file"):
        pickle.loads(data)


def test_a_pickle_does_not_depend_on_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_model(small_model(1), tmp_path / "model.safetensors")
    monkeypatch.chdir(tmp_path)
    classifier = Classifier.load("model.safetensors", threads=1)
    monkeypatch.chdir("/")
    assert same(classifier).predict(SQUARES[0]) == classifier.predict(SQUARES[0])


def test_an_engine_of_a_model_in_memory_takes_the_model_along() -> None:
    engine = open_engine(small_model(), threads=1)
    again = pickle.loads(pickle.dumps(engine))
    np.testing.assert_array_equal(again.run(SQUARES).probabilities, engine.run(SQUARES).probabilities)


def colours(squares: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.asarray(squares.mean(axis=(1, 2)) / 765)


def test_a_function_is_an_engine_in_copies_and_other_processes_too(another_process: ProcessPoolExecutor) -> None:
    engine = FunctionEngine(colours)
    expected = engine.run(SQUARES).probabilities
    for again in (copy.deepcopy(engine), pickle.loads(pickle.dumps(engine))):
        np.testing.assert_array_equal(again.run(SQUARES).probabilities, expected)
    there = another_process.submit(engine.run, SQUARES).result(timeout=60)
    np.testing.assert_array_equal(there.probabilities, expected)


@pytest.mark.parametrize("threads", [0, -1, 100_000, 2.5, "2"])
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_number_of_threads_that_cannot_be_is_a_sentence(paths: dict[Way, Path], way: Way, threads: int) -> None:
    with pytest.raises(InputError, match=r"the number of threads must be an integer from 1 to \d+, not "):
        way.open(paths[way], threads=threads)
