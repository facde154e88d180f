"""Consistency checks of a model, run before it is written and after it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from googlenet.architecture import ArchitectureSpec, build_architecture, check_input_size, weight_shapes
from googlenet.errors import InputError, ModelFileError
from googlenet.images import Preprocessing
from googlenet.model.model import AUXILIARY_PREFIX, ClassLabel, Model
from googlenet.model.temperature import check_temperature

CLASSIFIER = "linear.weight"  # its shape gives the number of classes
SCALES = (1e-6, 1e6)
"""Allowed range of the scale of pixels: 1/255 and 1/58 are usual; within it, float32 does not overflow."""

LARGEST_MEAN = 1e6


def check_shapes(spec: ArchitectureSpec, shapes: Mapping[str, tuple[int, ...]], *, where: str) -> None:
    """Compare names and shapes of weights with the architecture's; ModelFileError lists both sides.

    The auxiliary classifiers' weights are either complete or absent. `where` names the file in the message.
    """
    with_auxiliaries = any(name.startswith(AUXILIARY_PREFIX) for name in shapes)
    if found := shape_differences(weight_shapes(build_architecture(spec), auxiliaries=with_auxiliaries), shapes):
        classes = f" with {spec.classes:,} classes" if CLASSIFIER in shapes else ""  # else their number is unknown
        raise ModelFileError(f"{where}: the weights are not those of {spec.variant!r}{classes} ({found})")


def shape_differences(expected: Mapping[str, Sequence[int]], shapes: Mapping[str, Sequence[int]]) -> str:
    """Missing and unexpected names and wrong shapes, as a clause; "" if names and shapes are the same."""
    problems = {
        "missing": [name for name in expected if name not in shapes],
        "unexpected": [ascii(name)[1:-1] for name in shapes if name not in expected],
        "wrong shape": [
            f"{name} {tuple(shapes[name])} instead of {tuple(expected[name])}"
            for name in expected
            if name in shapes and tuple(shapes[name]) != tuple(expected[name])
        ],
    }
    return "; ".join(f"{problem}: {_shortened(names)}" for problem, names in problems.items() if names)


def _shortened(names: Collection[str], *, most: int = 3) -> str:
    shown = ", ".join(list(names)[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def check_model(model: Model, *, where: str) -> None:
    """Check the values of a model whose shapes are correct: finite weights, classes, channels and known answer.

    Raises ModelFileError; `where` names the file in the message.
    """
    for name, weight in model.weights.items():
        if not np.isfinite(weight).all():
            raise ModelFileError(f"{where}: the weight {name} contains NaN or infinite values")
    check_fit(model.spec, model.classes, model.preprocessing, where=where)
    check_temperature(model.temperature, where=where)
    _check_known_answer(model, where=where)


def check_fit(
    spec: ArchitectureSpec, classes: Sequence[ClassLabel], preprocessing: Preprocessing, *, where: str
) -> None:
    """Check that a network has one class per output, and that its preprocessing matches its input.

    Raises ModelFileError; `where` names the file in the message.
    """
    if len(classes) != spec.classes:
        raise ModelFileError(
            f"{where}: there are {len(classes)} class names, but the network has {spec.classes} classes"
        )
    label, times = Counter(label.id for label in classes).most_common(1)[0]
    if times > 1:
        raise ModelFileError(f"{where}: {times} classes have the id {label!a}")
    if preprocessing.channels != spec.channels:
        raise ModelFileError(
            f"{where}: preprocessing gives {preprocessing.channels} channels, the network reads {spec.channels}"
        )
    if odd := [scale for scale in preprocessing.scale if not SCALES[0] <= scale <= SCALES[1]]:
        raise ModelFileError(f"{where}: the scale {odd[0]:g} is outside {SCALES[0]:g} to {SCALES[1]:g}")
    if odd := [mean for mean in preprocessing.mean if abs(mean) > LARGEST_MEAN]:
        raise ModelFileError(f"{where}: the mean is {odd[0]:g}, but pixels are 0 to 255")
    try:
        check_input_size(build_architecture(spec), preprocessing.input_size)
    except InputError as error:
        raise ModelFileError(f"{where}: {error}") from error


def _check_known_answer(model: Model, *, where: str) -> None:
    answer = model.known_answer
    if answer is None:
        return
    input_size, count = model.preprocessing.input_size, len(answer.images)
    right_shapes = answer.images.shape == (count, input_size, input_size, 3) and answer.probabilities.shape == (
        count,
        model.spec.classes,
    )
    right_values = answer.images.dtype == np.uint8 and np.isfinite(answer.probabilities).all()
    if not (right_shapes and right_values):
        raise ModelFileError(
            f"{where}: the known answer does not fit the model (pictures {answer.images.shape}, "
            f"probabilities {answer.probabilities.shape})"
        )
