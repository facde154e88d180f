"""Openers for other programs, each used as its documentation shows, with only the number of threads set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from googlenet.benchmarking.timing_process import Run
from googlenet.graph import IMAGES, PROBABILITIES

MEAN = 128.0  # close to any model's; its value does not affect the time


def open_onnxruntime(path: Path, threads: int) -> Run:
    """ONNX Runtime with its defaults."""
    from googlenet.engines.onnx_runtime import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda images: session.run([PROBABILITIES], {IMAGES: images})


def open_openvino(path: Path, threads: int) -> Run:
    """OpenVINO with its latency hint, in float32."""
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
    """OpenCV's DNN module; it takes floats, converted from the pictures by its own function."""
    import cv2

    cv2.setNumThreads(threads)
    network = cv2.dnn.readNetFromONNX(str(path))

    def run(images: NDArray[np.uint8]) -> object:
        network.setInput(cv2.dnn.blobFromImages(list(images), mean=(MEAN, MEAN, MEAN)))
        return network.forward()

    return run


def open_torchvision(path: Path | None, threads: int) -> Run:
    """The googlenet of torchvision, channels last: another, cheaper network, with 3x3 for 5x5 and without LRN."""
    import torch
    import torchvision

    torch.set_num_threads(threads)
    network = torchvision.models.googlenet(weights=None, init_weights=False, aux_logits=False)
    network = network.eval().to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def run(images: NDArray[np.uint8]) -> object:
        floats = (torch.from_numpy(images).permute(0, 3, 1, 2).float() - MEAN) / MEAN  # already channels last
        return torch.softmax(network(floats), 1).numpy()

    return run
