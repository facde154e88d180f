"""The settings of a training as one frozen record, and how a user overrides them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from googlenet.architecture import ArchitectureSpec
from googlenet.errors import SettingsError
from googlenet.images import IMAGENET_MEAN_RGB, Fit, Interpolation, Preprocessing
from googlenet.recipes.train_sizes import TrainSizes, format_train_sizes, parse_train_sizes
from googlenet.suggestions import did_you_mean

Share = Annotated[float, Meta(ge=0, le=1)]
ShareBelowOne = Annotated[float, Meta(ge=0, lt=1)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=1)]
Range = tuple[Positive, Positive]
PrecisionSetting = Literal["auto", "float32", "bfloat16"]
ScheduleName = Literal["paper", "polynomial", "linear", "cosine", "constant"]

PIXEL_DEVIATION = 58.0  # of ImageNet's pixels on 0..255; dividing by it gives inputs of about unit variance
OFF = ("none", "off")  # what a user writes to switch a setting off
YES_OR_NO = {"yes": True, "on": True, "no": False}  # and what else of one that is true or false


def says(description: str) -> Meta:
    """What `googlenet recipes` says of a setting."""
    return Meta(description=description)


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All settings of a training. Frozen; `googlenet recipes NAME` shows one, `--set key=value` overrides."""

    # network
    variant: Annotated[str, says("which table the network is built from (`googlenet table1 --variant`)")] = "paper"
    width: Annotated[Positive, says("multiplies the number of filters of every layer")] = 1.0
    channels: Annotated[Literal[1, 3], says("3: colour, 1: pictures are made grey")] = 3
    adaptive_auxiliary_pooling: Annotated[bool, says("auxiliary classifiers pool to 4x4 at every input size")] = False
    # what begins from another model (--start)
    trunk_rate: Annotated[NotNegative, says("with --start: rate of what it brought along, x learning_rate")] = 1.0
    head_warmup: Annotated[
        ShareBelowOne, says("with --start: share of the training in which only what begins anew is trained")
    ] = 0.0
    frozen: Annotated[str | None, says("with --start: rows up to this one of Table 1 stay as they are")] = None
    # pictures
    input_size: Annotated[Count, says("input size in use and in evaluation, px")] = 224
    resize_size: Annotated[Count | None, says("size a whole picture is resized to before its centre is cut, px")] = None
    fit: Annotated[Fit, says("how a whole picture becomes a square: crop, squash, letterbox")] = "crop"
    train_sizes: Annotated[
        TrainSizes | None, says("input size by share of the training done, as 0:64,0.5:96; none: input_size")
    ] = None
    # augmentation (paper, Section 6)
    patch_area: Annotated[Range | None, says("a patch's share of the picture's area, uniform; off")] = (0.08, 1.0)
    patch_aspect: Annotated[Range, says("a patch's width / height")] = (3 / 4, 4 / 3)
    photometric: Annotated[Range | None, says("factors of contrast, brightness, colour; off")] = (0.5, 1.5)
    lighting: Annotated[NotNegative, says("standard deviation of the lighting noise; 0: off")] = 0.1
    interpolations: Annotated[tuple[Interpolation, ...], says("one is drawn for every patch")] = (
        "bilinear",
        "area",
        "nearest",
        "bicubic",
    )
    mirror: Annotated[bool, says("half of the pictures are mirrored")] = True
    # budget
    epochs: Annotated[Positive, says("passes over the training pictures; --minutes takes its place")] = 60.0
    least_steps: Annotated[Count, says("updates at the least, however few pictures an epoch has")] = 1
    steps: Annotated[Count | None, says("updates, in place of epochs")] = None
    batch_size: Annotated[Count, says("pictures an update")] = 32
    balance: Annotated[Share, says("0: classes are seen as often as they have pictures, 1: all equally often")] = 0.0
    # optimisation
    optimizer: Annotated[Literal["sgd", "muon"], says("sgd; muon: orthogonalised momentum for kernels")] = "sgd"
    learning_rate: Annotated[Positive, says("the rate before it falls")] = 0.01
    vector_rate: Annotated[Positive, says("with muon: rate of norms and linear layers, x learning_rate")] = 1.0
    schedule: Annotated[ScheduleName, says("how the rate moves; paper: 4 % less every 8 epochs")] = "paper"
    warmup: Annotated[ShareBelowOne, says("share of the training while the rate rises")] = 0.0
    power: Annotated[Positive, says("exponent of the polynomial schedule")] = 0.5
    final_fraction: Annotated[Share, says("share of the rate that is left at the end")] = 0.0
    momentum: Annotated[ShareBelowOne, says("of the optimiser")] = 0.9
    nesterov: Annotated[bool, says("Nesterov's form of momentum")] = False
    weight_decay: Annotated[NotNegative, says("of kernels and matrices; biases and norms have none")] = 2e-4
    label_smoothing: Annotated[ShareBelowOne, says("share given to the other classes")] = 0.0
    auxiliary_weight: Annotated[NotNegative, says("weight of each auxiliary classifier's loss; 0: none built")] = 0.3
    dropout: Annotated[ShareBelowOne | None, says("dropout before the classifier; none: what the table says (0.4)")] = (
        None
    )
    # averaging, selection
    averaging: Annotated[
        Literal["none", "polyak", "exponential"],
        says("weights used at test time: the last, the plain mean of iterates, the exponential mean"),
    ] = "polyak"
    averaging_decay: Annotated[float, Meta(gt=0, lt=1), says("of the exponential mean")] = 0.999
    averaging_start: Annotated[ShareBelowOne, says("share of the training after which averaging begins")] = 0.75
    selection: Annotated[Literal["best", "last"], says("keep the epoch that was best on val, or the last")] = "best"
    validate_every: Annotated[int, Meta(ge=0), says("epochs between evaluations on val; 0: only at the end")] = 1
    patience: Annotated[Count | None, says("stop after this many evaluations without a better one; none")] = None
    # machine
    precision: Annotated[
        PrecisionSetting, says("numbers of a training's maps; auto: bfloat16 where the machine multiplies those")
    ] = "float32"
    memory_gigabytes: Annotated[NotNegative, says("pictures kept decoded in memory at the most")] = 4.0
    workers: Annotated[
        Annotated[int, Meta(ge=1, le=64)] | None,
        says("threads that load and augment; none: one for each free processor, 16 at the most"),
    ] = None
    checkpoint_seconds: Annotated[NotNegative, says("time between checkpoints within an epoch")] = 300.0

    def __post_init__(self) -> None:
        """Raise SettingsError for numbers that are not finite and settings that do not agree with each other."""
        for key in self.__struct_fields__:
            value = getattr(self, key)
            numbers = value if isinstance(value, tuple) else (value,)
            if not all(math.isfinite(number) for number in numbers if isinstance(number, float)):
                raise SettingsError(f"{key}={value}: give finite numbers")
        if self.resize_size is not None and self.resize_size < self.input_size:
            raise SettingsError(
                f"resize_size is {self.resize_size} and input_size is {self.input_size}: "
                "resize_size must be at least input_size"
            )
        for key in ("patch_area", "patch_aspect", "photometric"):
            limits = getattr(self, key)
            if limits is not None and limits[0] > limits[1]:
                raise SettingsError(f"{key} is {limits[0]},{limits[1]}: the least comes first")
        if self.patch_area is not None and self.patch_area[1] > 1:
            raise SettingsError(f"patch_area ends at {self.patch_area[1]}: a share is at most 1")
        if not self.interpolations:
            raise SettingsError("interpolations is empty: give at least one")
        if self.train_sizes is not None:
            parse_train_sizes(format_train_sizes(self.train_sizes))

    @property
    def sizes(self) -> TrainSizes:
        """Input size by share of the training done."""
        return self.train_sizes or ((0.0, self.input_size),)

    def spec(self, classes: int) -> ArchitectureSpec:
        """The network that this recipe trains for a number of classes."""
        return ArchitectureSpec(self.variant, classes, self.channels, self.width, self.adaptive_auxiliary_pooling)

    @property
    def needs_start(self) -> tuple[str, ...]:
        """The settings in force that mean something only where a training begins from another model."""
        given = {"trunk_rate": self.trunk_rate != 1, "head_warmup": self.head_warmup > 0, "frozen": bool(self.frozen)}
        return tuple(key for key, in_force in given.items() if in_force)

    def preprocessing(self) -> Preprocessing:
        """How a whole picture becomes the network's input: the mean subtracted (paper, Section 5), unit variance."""
        mean = IMAGENET_MEAN_RGB if self.channels == 3 else (sum(IMAGENET_MEAN_RGB) / 3,)
        return Preprocessing(
            input_size=self.input_size,
            resize_size=self.resize_size or self.input_size,
            fit=self.fit,
            channel_order="RGB" if self.channels == 3 else "GREY",
            mean=mean,
            scale=(1 / PIXEL_DEVIATION,) * self.channels,
        )

    def to_dict(self) -> dict[str, Any]:
        """The settings by name, as JSON values."""
        sizes = None if self.train_sizes is None else format_train_sizes(self.train_sizes)
        settings: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return settings | {"train_sizes": sizes}


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of a setting: its type, what it is about, and, as a clause, what it may be."""

    kind: Any
    description: str
    wanted: str


def _setting(annotation: Any) -> Setting:
    description = next(note.description for note in annotation.__metadata__ if note.description)
    return Setting(annotation.__origin__, description, _wanted(annotation))


def _wanted(kind: Any, notes: Sequence[Meta] = ()) -> str:
    """A type and its bounds as a clause: `Annotated[float, Meta(ge=0, lt=1)]` -> "a number from 0 and below 1"."""
    if get_origin(kind) is Annotated:
        return _wanted(kind.__origin__, (*kind.__metadata__, *notes))
    parts = get_args(kind)
    if type(None) in parts:
        return f"{_wanted(next(part for part in parts if part is not type(None)), notes)}, or none"
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, parts))}"
    if get_origin(kind) is tuple:
        one = _wanted(parts[0])
        return f"{one}; several have commas between" if parts[-1] is ... else f"two, each {one}"
    bounds = {"from": "ge", "above": "gt", "to": "le", "below": "lt"}
    said = [
        f"{word} {bound:g}"
        for word, name in bounds.items()
        for note in notes
        if (bound := getattr(note, name)) is not None
    ]
    return " ".join([{int: "a whole number", float: "a number", bool: "true or false"}.get(kind, "a word"), *said])


SETTINGS = {name: _setting(hint) for name, hint in get_type_hints(Recipe, include_extras=True).items()}
"""By name, in their order."""


ALSO_CALLED = {
    "imgsz": "input_size",
    "img_size": "input_size",
    "side": "input_size",
    "lr": "learning_rate",
    "resize": "resize_size",
    "train_sides": "train_sizes",
    "adaptive_side_pooling": "adaptive_auxiliary_pooling",
}
"""Names of settings in other programs and in older versions of this one -> their names here."""


def parse_overrides(pairs: Sequence[str]) -> dict[str, Any]:
    """Read `key=value` texts. A value is JSON, several values with commas between, `none`/`off`, or a word.

    `off` switches a setting off, whatever that is called there: no mirror, a lighting of 0, no dropout.

    Raises SettingsError for a text without "=" and for a key given twice.
    """
    overrides: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        key = key.strip()
        if not equals or not key:
            raise SettingsError(f"--set {pair!r} has no value: write it as key=value, for example epochs=10")
        if key in overrides:
            raise SettingsError(f"--set gives {key!r} twice")
        overrides[key] = _value(key, text.strip())
    return overrides


def _value(key: str, text: str) -> Any:
    if text.lower() in OFF:
        return _switched_off(key, text.lower())
    if key in SETTINGS and SETTINGS[key].kind is bool and text.lower() in YES_OR_NO:
        return YES_OR_NO[text.lower()]
    if key in AS_TEXT and not text.startswith("["):
        return AS_TEXT[key](text)
    for read in (json.loads, float):  # JSON does not know .5
        with suppress(ValueError):
            return read(text)
    return [_value(key, part.strip()) for part in text.split(",")] if "," in text else text


AS_TEXT: dict[str, Callable[[str], Any]] = {
    "train_sizes": str,
    "interpolations": lambda text: [part.strip() for part in text.split(",")],
}
"""Settings whose text is not JSON, and how it is read."""


def _switched_off(key: str, word: str) -> Any:
    """What `none` or `off` means for a setting: what it knows as that, else false or 0."""
    if key not in SETTINGS or key == "averaging":
        return "none"
    kind = SETTINGS[key].kind
    if type(None) in get_args(kind) and not (key == "dropout" and word == "off"):
        return None  # dropout=none is the table's, dropout=off is none at all
    return False if kind is bool else 0


def override(recipe: Recipe, overrides: Mapping[str, Any]) -> Recipe:
    """The recipe with other settings; raises SettingsError as `recipe_from_dict`."""
    return recipe_from_dict(recipe.to_dict() | dict(overrides))


def recipe_from_dict(settings: Mapping[str, Any]) -> Recipe:
    """A recipe from its settings by name.

    Raises SettingsError with the first thing that is wrong: it names the key, and the nearest for an unknown one.
    """
    given = dict(settings)
    for key in given:
        if key not in SETTINGS:
            hint = did_you_mean(ALSO_CALLED.get(key, key), SETTINGS, otherwise="`googlenet recipes` lists them")
            raise SettingsError(f"no setting is called {key!r}; {hint}")
    if isinstance(sizes := given.get("train_sizes"), str | int):
        given["train_sizes"] = parse_train_sizes(str(sizes))
    try:
        recipe = msgspec.convert(given, Recipe, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_refusal(str(error), given)) from None
    recipe.spec(classes=2)  # raises for a variant that does not exist
    return recipe


def _refusal(message: str, given: Mapping[str, Any]) -> str:
    """What msgspec says of a setting (`Expected ... - at `$.key[0]``), as its value and what it may be."""
    key = message.rpartition(" - at `$.")[2].strip("`").partition("[")[0]
    return f"{key}={given[key]}: give {SETTINGS[key].wanted}"
