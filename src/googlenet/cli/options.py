"""Options shared by several verbs."""

from __future__ import annotations

from typing import Annotated

from googlenet.cli.arguments import Option
from googlenet.environment import ENGINE, THREADS

EngineOption = Annotated[
    str | None,
    Option(
        help="Inference engine: native, onnx, openvino or torch; default: the faster of native and onnx.",
        variable=ENGINE,
    ),
]
ThreadsOption = Annotated[
    int | None, Option(least=1, help="Inference threads; default: one per available core.", variable=THREADS)
]
DeviceOption = Annotated[
    str | None, Option(help="cpu; with torch also cuda or mps; default: cpu, with torch the best available.")
]
