"""`googlenet explain`: shows where in a picture the evidence for a class is."""

from __future__ import annotations

from enum import Enum
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.options import DeviceOption, EngineOption, ThreadsOption
from googlenet.cli.terminal import report, say, say_json, warn
from googlenet.errors import EXIT_FINDINGS

if TYPE_CHECKING:
    from googlenet.explanation import ExplainedClass, Explanation, Method

INDENT = " " * 11


class MethodName(Enum):
    """The methods of explaining, as `--method` takes them."""

    cam = "cam"
    gradient = "gradient"
    occlusion = "occlusion"


PLACES = (
    ("at the top left", "at the top", "at the top right"),
    ("on the left", "in the middle", "on the right"),
    ("at the bottom left", "at the bottom", "at the bottom right"),
)
"""The ninths of a picture, row by row."""


def explain_command(
    model: Annotated[str, Argument(help="A model file, a run folder, an exported file, or bvlc.")],
    paths: Annotated[
        list[str], Argument(help="Pictures, folders, .tar files, globs; - reads a list on standard input.")
    ],
    classes: Annotated[
        list[str] | None,
        Option(
            name="--class",
            metavar="NAME",
            help="A class to explain, by name or id; can be repeated. Default: the two most probable ones.",
        ),
    ] = None,
    method: Annotated[
        MethodName,
        Option(
            help="Class-activation map; gradient x input, smoothed (needs Captum); or how far the logit falls where a "
            "place is covered.",
        ),
    ] = MethodName.cam,
    out: Annotated[
        Path | None,
        Option(metavar="FILE.png|FOLDER", help="Draw the explanation of one picture, or of each into a folder."),
    ] = None,
    boxes: Annotated[bool, Option(help="Print and draw a box around the evidence for each class.")] = False,
    force: Annotated[bool, Option(help="Replace existing files.")] = False,
    as_json: Annotated[bool, Option(name="--json", help="Print one line of JSON per picture, with the maps.")] = False,
    engine: EngineOption = None,
    threads: ThreadsOption = None,
    device: DeviceOption = None,
) -> None:
    """Show where in a picture the evidence for a class is: its class-activation map, which is exact for this network.

    The mean of a map plus the class's bias is the logit, which becomes a probability. A picture that cannot be read is
    named, the others are explained, and the exit code is 1.

    Example: googlenet explain bvlc photo.jpg --out why.png
    """
    from googlenet.classifier import Classifier
    from googlenet.cli.drawings import open_drawings
    from googlenet.cli.sources import expand_sources, ignored_sentence

    classifier = Classifier.load(model, engine=engine, device=device, threads=threads)
    left_out: dict[str, list[str]] = {}
    expanded = expand_sources(paths, left_out)
    first = list(islice(expanded, 2))
    drawings = None if out is None else open_drawings(out, several=len(first) > 1, force=force)
    done = bad = 0
    for explanation in classifier.explain(chain(first, expanded), classes, method=method.value):
        done += 1
        bad += explanation.error is not None
        if drawings is not None and explanation.error is None:
            drawings.write(explanation, boxes=boxes)
        if as_json:
            say_json(explanation.to_dict(), indent=None)
        else:
            say(*_lines(explanation, boxes=boxes))
        if explanation.note is not None:
            warn(f"{explanation.image}: note: {explanation.note}")
    if out is not None and not as_json:
        where = f": {out}" if done > bad else ", so nothing is drawn"
        report(f"{done - bad:,} explained, {bad:,} unreadable{where}" if done > 1 or bad else f"saved: {out}")
    if ignored := ignored_sentence(left_out):
        warn(ignored)
    if bad:
        raise SystemExit(EXIT_FINDINGS)


def _lines(explanation: Explanation, *, boxes: bool) -> list[str]:
    if explanation.seen is None:
        return [f"{explanation.image}: error: {explanation.error}"]
    lines = [explanation.image]
    for one in explanation.classes:
        label = "" if one.label == one.name else f"  ({one.label})"
        lines += [f"  {one.probability:7.2%}  {one.name}{label}", f"{INDENT}{_logit(one, explanation.method)}"]
        lines.append(f"{INDENT}{_where(one, explanation.seen.size)}")
        if boxes:
            lines.append(f"{INDENT}{_box(one)}")
    return lines


def _logit(one: ExplainedClass, method: Method) -> str:
    """The logit, and what the map says of it."""
    parts = {
        "cam": f" = bias {one.bias:.2f} + mean of the map {one.logit - one.bias:.2f}",
        "occlusion": f", lowered by at most {max(0.0, float(one.map.max())):.2f} where a place is covered",
        "gradient": "",
    }
    return f"logit {one.logit:.2f}{parts[method]}"


def _where(one: ExplainedClass, size: tuple[int, int]) -> str:
    """The place with the strongest evidence in words, and in pixels."""
    if one.map.size == 1:
        return "at this input size the map has only one value, so it does not say where"
    column, row = (min(2, 3 * place // length) for place, length in zip(one.peak, size, strict=True))
    return f"strongest {PLACES[row][column]}, at pixel ({one.peak[0]}, {one.peak[1]})"


def _box(one: ExplainedClass) -> str:
    if one.box is None:
        return "no box: nothing in the picture is evidence for this class"
    return f"box x {one.box.x}, y {one.box.y}, width {one.box.width}, height {one.box.height}"
