"""Make tensorflow_answer.json: what OpenCV, a second reader of TensorFlow graphs, computes with a graph made here.

Run with OpenCV 4 (opencv-python-headless < 5) installed: python -m tests.importers.make_tensorflow_answer
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.importers.tensorflow_files import even_pictures, even_weights, graph_def, inception5h

ANSWER = Path(__file__).with_name("tensorflow_answer.json")
HEADS = {"main": "softmax2", "auxiliary_4a": "softmax0", "auxiliary_4d": "softmax1"}


def main() -> None:
    """Compute the probabilities of the three heads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.pb"
        path.write_bytes(graph_def(inception5h(even_weights(), outputs=10)))
        network = cv2.dnn.readNetFromTensorflow(str(path))
    network.setInput(even_pictures().transpose(0, 3, 1, 2))
    found: list[NDArray[np.float32]] = network.forward([*HEADS.values()])
    probabilities = {head: array.reshape(2, 10).tolist() for head, array in zip(HEADS, found, strict=True)}
    ANSWER.write_text(json.dumps({"made_with": {"opencv": cv2.__version__}, "probabilities": probabilities}) + "\n")


if __name__ == "__main__":
    main()
