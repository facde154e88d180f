"""OpenVINO in a process that lives on after it."""

from __future__ import annotations

import subprocess
import sys

import pytest

TWO_ENGINES = """
import faulthandler, gc, os, signal, sys, time
faulthandler.enable()
from googlenet.engines import open_engine
from googlenet.model import known_answer_images, load_model
from googlenet.pretrained import find_model

model = load_model(find_model("bvlc"))
engines = [open_engine(model, name="openvino", threads=1) for _ in range(2)]
for engine in engines:
    engine.run(known_answer_images(64, count=1))
del engine
while engines:  # in the order in which they came
    del engines[0]
    gc.collect()
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(10)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_reaches_a_program_whose_engines_are_gone() -> None:
    pytest.importorskip("openvino")
    done = subprocess.run([sys.executable, "-c", TWO_ENGINES], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr
