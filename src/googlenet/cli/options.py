"""Options that several verbs have, said once."""

from __future__ import annotations

from typing import Annotated

from googlenet.cli.arguments import Option

EngineOption = Annotated[
    str | None,
    Option(
        help="What runs the network: native, onnx, openvino or torch; left out: native or onnx, as is faster.",
    ),
]
ThreadsOption = Annotated[
    int | None, Option(least=1, help="Threads of the network; left out: one for each free processor.")
]
DeviceOption = Annotated[str | None, Option(help="cpu, or cuda and mps with torch; left out: cpu, or torch's best.")]
