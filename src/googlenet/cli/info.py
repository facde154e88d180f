"""`googlenet info`: describes a model, and checks that it still gives its known answer."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.options import DeviceOption, EngineOption, ThreadsOption
from googlenet.cli.terminal import say, say_json
from googlenet.errors import EXIT_FINDINGS, InputError
from googlenet.workflow.result import NOT_OURS, score_sentence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from googlenet.architecture import LayerInfo
    from googlenet.artifacts import Agreement, ExportedModel
    from googlenet.model import About, AnswerCheck, ModelHeader


def info_command(
    model: Annotated[str, Argument(help="A model file, a run folder, an exported file, or bvlc.")],
    layers: Annotated[bool, Option(help="List the names of its layers, for `googlenet activations`.")] = False,
    verify: Annotated[bool, Option(help="Run the model on its known answer and compare.")] = False,
    as_json: Annotated[bool, Option(name="--json", help="Print JSON.")] = False,
    engine: EngineOption = None,
    threads: ThreadsOption = None,
    device: DeviceOption = None,
) -> None:
    """Describe a model: network, classes, preprocessing, data, scores; with --verify, check its known answer.

    For an ensemble, each member is described and checked. For an exported file, its comparison with float32 at export
    is printed too; its known answer is the float32 answer of its models. With --layers, only its layers are listed:
    height x width x channels at the model's input size, and stride and receptive field in pixels.

    Example: googlenet info runs/demo --verify
    """
    from googlenet.artifacts import describe_model
    from googlenet.model import member_paths
    from googlenet.pretrained import find_model

    path = find_model(model)
    paths = member_paths(path)
    single = paths == (path,)
    headers = [describe_model(one) for one in paths]
    if layers and verify:
        raise InputError("--layers and --verify contradict each other; give one of them")
    if layers:
        _tell_layers(headers, as_json=as_json)
        return
    checks = [_verify(one, engine, device, threads) if verify else None for one in paths]
    if as_json:
        fields = [_fields(header, check) for header, check in zip(headers, checks, strict=True)]
        say_json(fields[0] if single else {"members": fields})
    else:
        blocks = [_lines(header, check) for header, check in zip(headers, checks, strict=True)]
        say(*(blocks[0] if single else _numbered(paths, blocks)))
    if any(check is not None and not check.agrees for check in checks):
        raise SystemExit(EXIT_FINDINGS)


def _tell_layers(headers: Sequence[ModelHeader | ExportedModel], *, as_json: bool) -> None:
    """List the layers of each network."""
    from googlenet.architecture import build_architecture, layer_names

    networks = [
        (spec, layer_names(build_architecture(spec), header.preprocessing.input_size))
        for header in headers
        for spec in header.specs
    ]
    if as_json:
        fields = [
            {"architecture": spec.to_dict(), "layers": [_layer_fields(layer) for layer in layers.values()]}
            for spec, layers in networks
        ]
        say_json(fields[0] if len(fields) == 1 else {"networks": fields})
        return
    for number, (spec, layers) in enumerate(networks):
        say(*([""] if number else []), *([f"{spec.variant}:"] if len(networks) > 1 else []), *_layer_lines(layers))


def _layer_fields(layer: LayerInfo) -> dict[str, Any]:
    field = layer.receptive_field
    return {
        "name": layer.name,
        "shape": list(layer.shape),
        "stride": field.stride,
        "receptive_field": field.size,
        "has_relu": layer.has_relu,
    }


def _layer_lines(layers: Mapping[str, LayerInfo]) -> list[str]:
    """One line a layer, in columns."""
    width = max(map(len, layers))
    lines = [f"{'layer':<{width}}  {'output':>12}  {'stride':>6}  {'receptive field':>15}"]
    for layer in layers.values():
        shape, field = "x".join(map(str, layer.shape)), layer.receptive_field
        lines.append(f"{layer.name:<{width}}  {shape:>12}  {field.stride:>6}  {field.size:>15}")
    return lines


def _numbered(paths: Sequence[Path], blocks: Sequence[list[str]]) -> list[str]:
    """The lines of an ensemble: each member's below its number and path."""
    lines = [f"ensemble       {len(paths)} models, whose probabilities are averaged"]
    for number, (path, block) in enumerate(zip(paths, blocks, strict=True), start=1):
        lines += ["", f"member {number:<7} {path}", *block]
    return lines


def _verify(path: Path, engine: str | None, device: str | None, threads: int | None) -> AnswerCheck | None:
    from googlenet.artifacts import open_model
    from googlenet.engines import open_engine
    from googlenet.model import compare_answer

    model = open_model(path)
    answer = model.known_answer
    if answer is None:
        return None
    opened = open_engine(model, name=engine, device=device, threads=threads)
    got = opened.run(answer.images).probabilities
    return compare_answer(answer.probabilities, got, tolerance=answer.tolerance)


def _fields(header: ModelHeader | ExportedModel, check: AnswerCheck | None) -> dict[str, Any]:
    networks = [
        {"architecture": spec.to_dict(), **dataclasses.asdict(about)}
        for spec, about in zip(header.specs, header.origins, strict=True)
    ]
    return {
        **(networks[0] if len(networks) == 1 else {"networks": networks}),
        "classes": [dataclasses.asdict(one) for one in header.classes],
        "preprocessing": header.preprocessing.to_dict(),
        "target": header.target,
        "precision": header.precision,
        "temperature": header.temperature,
        "agreement": None if header.agreement is None else dataclasses.asdict(header.agreement),
        "sha256": header.sha256,
        "known_answer": None if check is None else {"worst_difference": check.worst, "agrees": check.agrees},
    }


def _lines(header: ModelHeader | ExportedModel, check: AnswerCheck | None) -> list[str]:
    preprocessing = header.preprocessing
    names = [one.name for one in header.classes]
    shown = "; ".join(names[:10]) + (f" ... ({len(names):,} in all)" if len(names) > 10 else "")
    cut = "" if preprocessing.resize_size == preprocessing.input_size else f", centre {preprocessing.input_size}"
    mean = ", ".join(f"{value:g}" for value in preprocessing.mean)
    scale = ", ".join(f"{value:.5g}" for value in preprocessing.scale)
    lines = [
        *(f"variant        {spec.variant}, width {spec.width:g}, {len(names):,} classes" for spec in header.specs),
        *([] if header.target is None else [f"exported       for {header.target}, in {header.precision}"]),
        *([] if header.agreement is None else agreement_lines(header.agreement)),
        f"classes        {shown}",
        f"pictures       {preprocessing.fit} to {preprocessing.resize_size} px{cut}; {preprocessing.channel_order}, "
        f"minus ({mean}), times ({scale})",
        *(
            []
            if header.temperature == 1
            else [f"temperature    {header.temperature:.3g}: `predict` divides logits by it"]
        ),
        *(line for about in header.origins for line in _origin_lines(about)),
        f"sha256         {header.sha256}",
        *(line for about in header.origins for line in _data_lines(about)),
    ]
    if check is not None:
        verdict = "agrees" if check.agrees else "DOES NOT AGREE: do not trust this file on this machine"
        lines.append(f"known answer   {verdict} (largest difference in a probability {check.worst:.1e})")
    elif not header.has_known_answer:
        lines.append("known answer   none in this file")
    return [*lines, *(score_sentence(about.scores) for about in header.origins if about.scores)]


def _origin_lines(about: About) -> list[str]:
    return [
        f"source         {about.source or 'not stated'}",
        *([f"source sha256  {about.source_sha256}"] if about.source_sha256 else []),
        f"licence        {about.licence or 'not stated'}",
        f"made           {about.created or 'not stated'}"
        + (", with " if about.versions else "")
        + ", ".join(f"{name} {number}" for name, number in about.versions.items()),
    ]


def _data_lines(about: About) -> list[str]:
    if not about.data:
        return []
    try:
        counts = ", ".join(f"{count:,} {split}" for split, count in (about.data.get("pictures") or {}).items())
        rule = about.data.get("split")
        how = f"; val held back with seed {rule['seed']}, share {rule['share']}" if rule else ""
        return [f"data           {about.data.get('name')}: {counts}{how}"]
    except NOT_OURS:
        return [f"data           {about.data}"]


def agreement_lines(agreement: Agreement) -> list[str]:
    """How an exported file compared with float32 at export, and which requirements it missed."""
    return [
        f"agreement      {agreement.same_top1:.1%} of {agreement.pictures:,} pictures have the same top class as in "
        f"float32; probabilities differ by at most {agreement.worst:.1e}",
        f"evaluated on   {agreement.evaluated_on}",
        f"speed          {_speed(agreement)}",
        *(f"MISSED         {miss}" for miss in agreement.misses),
    ]


def _speed(agreement: Agreement) -> str:
    """The latency with the engine of the file's own runtime, and with the one that `predict` uses if it differs."""
    engine = f" with {agreement.engine}" if agreement.engine else ""
    own = f"{agreement.milliseconds:.2f} ms per picture{engine}, {agreement.float32_milliseconds:.2f} in float32"
    if agreement.predict_milliseconds is None or agreement.predict_engine == agreement.engine:
        return f"{own} (measured at export)"
    predict = f"{agreement.predict_milliseconds:.2f} ms with {agreement.predict_engine}, which `predict` uses"
    return f"{predict}; {own} (measured at export)"
