"""Options that several verbs have, said once."""

from __future__ import annotations

from typing import Annotated

from googlenet.cli.arguments import Option

EngineOption = Annotated[
    str | None,
    Option(
        help="What runs the network: native, onnx, openvino or torch; default: the faster of native and onnx.",
    ),
]
ThreadsOption = Annotated[
    int | None, Option(least=1, help="Threads of the network; default: one for each available core.")
]
DeviceOption = Annotated[
    str | None, Option(help="cpu, or with torch cuda or mps; default: cpu, or the best torch has.")
]
