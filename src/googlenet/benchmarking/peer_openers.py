"""Other programs as candidates, each used as its own documents show, told only how many threads to take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from googlenet.benchmarking.timing_process import Run
from googlenet.graph import IMAGES, PROBABILITIES

MEAN = 128.0  # about that of any model; what is taken off does not change the time


def open_onnxruntime(path: Path, threads: int) -> Run:
    """ONNX Runtime with its defaults."""
    from googlenet.engines.onnx_runtime import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda images: session.run([PROBABILITIES], {IMAGES: images})


def open_openvino(path: Path, threads: int) -> Run:
    """OpenVINO for the least latency, in float32."""
    from googlenet.engines.openvino_runtime import openvino

    core = openvino.Core()
    options = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    network = core.compile_model(path, "CPU", options)
    return lambda images: network(images)[PROBABILITIES]


def open_opencv(path: Path, threads: int) -> Run:
    """OpenCV's DNN module; it takes floats, which its own function makes of the pictures."""
    import cv2

    cv2.setNumThreads(threads)
    network = cv2.dnn.readNetFromONNX(str(path))

    def run(images: NDArray[np.uint8]) -> object:
        network.setInput(cv2.dnn.blobFromImages(list(images), mean=(MEAN, MEAN, MEAN)))
        return network.forward()

    return run


def open_torchvision(path: Path | None, threads: int) -> Run:
    """The googlenet of torchvision, channels last: another network, cheaper, with 3x3 for 5x5 and no response norm."""
    import torch
    import torchvision

    torch.set_num_threads(threads)
    network = torchvision.models.googlenet(weights=None, init_weights=False, aux_logits=False)
    network = network.eval().to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def run(images: NDArray[np.uint8]) -> object:
        floats = (torch.from_numpy(images).permute(0, 3, 1, 2).float() - MEAN) / MEAN  # channels last as they come
        return torch.softmax(network(floats), 1).numpy()

    return run
