"""The engines in a child process, so that one that crashes or hangs is found."""

from __future__ import annotations

import multiprocessing
from typing import Any

import numpy as np

from benchmarks.fuzz.kinds import Kind
from benchmarks.fuzz.values import Content
from googlenet.engines import open_engine
from googlenet.errors import GoogLeNetError
from googlenet.model import known_answer_images

SECONDS = 300.0
"""How long the engines may take for a file: compiling for OpenVINO takes two, and a busy machine many times as long."""


def run_engines(kind: Kind, connection: Any) -> None:
    """The child: runs each content that comes on every engine, and sends back what came of it."""
    while True:
        content = connection.recv()
        model = kind.read(content)
        images = known_answer_images(model.preprocessing.input_size, count=2)
        answers: dict[str, Any] = {}
        for name in kind.engines:
            try:
                answers[name] = open_engine(model, name=name, threads=1).run(images).probabilities
            except GoogLeNetError as error:
                answers[name] = type(error).__name__
            except BaseException as error:
                answers[name] = f"RAW {type(error).__name__}: {error}"
        connection.send(answers)


class Runner:
    """A child process for the engines, made anew where it ended; ends with its `with` block."""

    def __init__(self, kind: Kind) -> None:
        """Nothing runs yet."""
        self.kind, self.process = kind, None

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        """A forked child holds whatever pipes its parent had open, and would keep their other ends waiting."""
        if self.process is not None:
            self.process.kill()
            self.process.join()

    def run(self, content: Content) -> dict[str, Any] | str:
        """What each engine answers, or how the child ended."""
        if self.process is None:
            self.connection, theirs = multiprocessing.Pipe()
            self.process = multiprocessing.get_context("fork").Process(
                target=run_engines, args=(self.kind, theirs), daemon=True
            )
            self.process.start()
            theirs.close()
        try:
            self.connection.send(content)
            if self.connection.poll(SECONDS):
                return self.connection.recv()
            reason = "hangs"
            self.process.kill()
        except (EOFError, ConnectionError):
            reason = ""
        self.process.join()
        code, self.process = self.process.exitcode, None
        return reason or f"ended with {code}"


def disagreement(answers: dict[str, Any]) -> float:
    """The largest difference of a probability between engines that answered with finite numbers."""
    arrays = [one for one in answers.values() if not isinstance(one, str) and np.isfinite(one).all()]
    return max((float(np.abs(one - arrays[0]).max()) for one in arrays), default=0.0)
