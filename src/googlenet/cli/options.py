"""Options that several verbs have, said once."""

from __future__ import annotations

from typing import Annotated

import typer

EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        help="What runs the network: native, onnx, openvino or torch; left out: native or onnx, as is faster.",
    ),
]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", min=1, help="Threads of the network; left out: one for each free processor.")
]
DeviceOption = Annotated[
    str | None, typer.Option("--device", help="cpu, or cuda and mps with torch; left out: cpu, or torch's best.")
]
