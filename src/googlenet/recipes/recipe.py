"""The settings of a training as one immutable record, and how a user overrides them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
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
YES_OR_NO = {"yes": True, "on": True, "no": False}  # further ways to write true and false


def doc(description: str) -> Meta:
    """The description of a setting, as `googlenet recipes` shows it."""
    return Meta(description=description)


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All settings of a training. Immutable; `googlenet recipes NAME` shows them, `--set key=value` overrides one."""

    # network
    variant: Annotated[str, doc("network variant (`googlenet table1 --variant`)")] = "paper"
    width: Annotated[Positive, doc("multiplier of the number of filters of every layer")] = 1.0
    channels: Annotated[Literal[1, 3], doc("3: colour, 1: pictures are converted to grey")] = 3
    adaptive_auxiliary_pooling: Annotated[bool, doc("auxiliary classifiers pool to 4x4 at every input size")] = False
    # fine-tuning (--start)
    trunk_rate: Annotated[NotNegative, doc("with --start: rate of the transferred weights, x learning_rate")] = 1.0
    head_warmup: Annotated[
        ShareBelowOne, doc("with --start: share of the training in which only new weights are trained")
    ] = 0.0
    linear_probe: Annotated[
        int,
        Meta(ge=0),
        doc("with --start and new classes: pictures whose features the first classifier is fitted to; 0: off"),
    ] = 0
    frozen: Annotated[str | None, doc("with --start: rows of Table 1 up to this one are frozen")] = None
    # pictures
    input_size: Annotated[Count, doc("input size for inference and evaluation, px")] = 224
    resize_size: Annotated[Count | None, doc("size a picture is resized to before its centre is cropped, px")] = None
    fit: Annotated[Fit, doc("how a picture is made square: crop, squash, letterbox")] = "crop"
    train_sizes: Annotated[
        TrainSizes | None, doc("input size by share of the training, such as 0:64,0.5:96; none: input_size")
    ] = None
    # augmentation (paper, Section 6)
    patch_area: Annotated[Range | None, doc("range of a patch's share of the picture's area; off: whole pictures")] = (
        0.08,
        1.0,
    )
    patch_aspect: Annotated[Range, doc("range of a patch's width / height")] = (3 / 4, 4 / 3)
    photometric: Annotated[
        Range | None, doc("range of the factors of contrast, brightness, colour; off: no change")
    ] = (0.5, 1.5)
    lighting: Annotated[NotNegative, doc("standard deviation of the lighting noise; 0: off")] = 0.1
    interpolations: Annotated[tuple[Interpolation, ...], doc("one is drawn for each patch")] = (
        "bilinear",
        "area",
        "nearest",
        "bicubic",
    )
    mirror: Annotated[bool, doc("half of the pictures are mirrored")] = True
    # budget
    epochs: Annotated[Positive, doc("passes over the training pictures; --minutes overrides it")] = 60.0
    least_steps: Annotated[Count, doc("minimum number of updates, for small datasets")] = 1
    steps: Annotated[Count | None, doc("number of updates, instead of epochs")] = None
    batch_size: Annotated[Count, doc("pictures per update")] = 32
    balance: Annotated[Share, doc("0: classes are sampled in proportion to their pictures, 1: all equally often")] = 0.0
    # optimization
    optimizer: Annotated[
        Literal["sgd", "adamw", "muon"], doc("sgd; adamw; muon: orthogonalised momentum for kernels")
    ] = "sgd"
    learning_rate: Annotated[Positive, doc("initial learning rate, after any warm-up")] = 0.01
    vector_rate: Annotated[Positive, doc("with muon: rate of norms and linear layers, x learning_rate")] = 1.0
    schedule: Annotated[ScheduleName, doc("how the learning rate changes; paper: 4 % less every 8 epochs")] = "paper"
    warmup: Annotated[ShareBelowOne, doc("share of the training over which the learning rate rises")] = 0.0
    power: Annotated[Positive, doc("exponent of the polynomial schedule")] = 0.5
    final_fraction: Annotated[Share, doc("final learning rate, x learning_rate")] = 0.0
    momentum: Annotated[ShareBelowOne, doc("momentum of the optimizer")] = 0.9
    nesterov: Annotated[bool, doc("Nesterov momentum")] = False
    weight_decay: Annotated[NotNegative, doc("weight decay of kernels and matrices; biases and norms have none")] = 2e-4
    label_smoothing: Annotated[ShareBelowOne, doc("label smoothing: share given to the other classes")] = 0.0
    auxiliary_weight: Annotated[
        NotNegative, doc("weight of each auxiliary classifier's loss; 0: without auxiliary classifiers")
    ] = 0.3
    dropout: Annotated[ShareBelowOne | None, doc("dropout before the classifier; none: the variant's (0.4)")] = None
    # averaging, selection
    averaging: Annotated[
        Literal["none", "polyak", "exponential"],
        doc("weights used at test time: the last, the plain mean of all iterates, or the exponential average"),
    ] = "polyak"
    averaging_decay: Annotated[float, Meta(gt=0, lt=1), doc("decay of the exponential average")] = 0.999
    averaging_start: Annotated[ShareBelowOne, doc("share of the training after which averaging starts")] = 0.75
    selection: Annotated[Literal["best", "last"], doc("keep the epoch with the best validation, or the last")] = "best"
    validate_every: Annotated[int, Meta(ge=0), doc("epochs between validations; 0: only at the end")] = 1
    patience: Annotated[Count | None, doc("stop after this many validations without improvement; none: never")] = None
    # machine
    precision: Annotated[
        PrecisionSetting, doc("precision of the training; auto: bfloat16 if the machine has instructions for it")
    ] = "float32"
    memory_gigabytes: Annotated[NotNegative, doc("maximum memory for decoded pictures, GB")] = 4.0
    workers: Annotated[
        Annotated[int, Meta(ge=1, le=64)] | None,
        doc("threads that load and augment pictures; none: one per available core, at most 16"),
    ] = None
    checkpoint_seconds: Annotated[NotNegative, doc("time between checkpoints within an epoch, seconds")] = 300.0

    def __post_init__(self) -> None:
        """Raise SettingsError for numbers that are not finite and settings that contradict each other."""
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
                raise SettingsError(f"{key} is {limits[0]},{limits[1]}: give the smaller number first")
        if self.patch_area is not None and self.patch_area[1] > 1:
            raise SettingsError(f"patch_area ends at {self.patch_area[1]}: a share is at most 1")
        if not self.interpolations:
            raise SettingsError("interpolations is empty: give at least one")
        if self.train_sizes is not None:
            parse_train_sizes(format_train_sizes(self.train_sizes))

    def __repr__(self) -> str:
        length = f"{self.steps:,} steps" if self.steps else f"{self.epochs:g} epochs"
        pictures = f"batches of {self.batch_size}, learning rate {self.learning_rate:g}"
        return f"<Recipe for {self.variant}, {self.input_size} px: {length}, {pictures}; to_dict() has all settings>"

    @property
    def sizes(self) -> TrainSizes:
        """Input size by share of the training."""
        return self.train_sizes or ((0.0, self.input_size),)

    def spec(self, classes: int) -> ArchitectureSpec:
        """The architecture that this recipe trains, for a number of classes."""
        return ArchitectureSpec(self.variant, classes, self.channels, self.width, self.adaptive_auxiliary_pooling)

    @property
    def needs_start(self) -> tuple[str, ...]:
        """The active settings that only apply to a training that starts from another model."""
        active = {
            "trunk_rate": self.trunk_rate != 1,
            "head_warmup": self.head_warmup > 0,
            "linear_probe": self.linear_probe > 0,
            "frozen": bool(self.frozen),
        }
        return tuple(key for key, is_active in active.items() if is_active)

    def preprocessing(self) -> Preprocessing:
        """How a picture becomes the network's input: mean subtracted (paper, Section 5), about unit variance."""
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
    """A setting's type, its description, and its valid values as a clause."""

    kind: Any
    description: str
    expected: str


def _setting(annotation: Any) -> Setting:
    description = next(note.description for note in annotation.__metadata__ if note.description)
    return Setting(annotation.__origin__, description, _expected(annotation))


def _expected(kind: Any, notes: Sequence[Meta] = ()) -> str:
    """`Annotated[float, Meta(ge=0, lt=1)]` -> "a number of at least 0 and below 1"."""
    if get_origin(kind) is Annotated:
        return _expected(kind.__origin__, (*kind.__metadata__, *notes))
    parts = get_args(kind)
    if type(None) in parts:
        return f"{_expected(next(part for part in parts if part is not type(None)), notes)}, or none"
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, parts))}"
    if get_origin(kind) is tuple:
        one = _expected(parts[0])
        return f"{one}, or several separated by commas" if parts[-1] is ... else f"two values, each {one}"
    bounds = {"of at least": "ge", "above": "gt", "at most": "le", "below": "lt"}
    limits = [
        f"{word} {bound:g}"
        for word, name in bounds.items()
        for note in notes
        if (bound := getattr(note, name)) is not None
    ]
    return " ".join(
        [{int: "an integer", float: "a number", bool: "true or false"}.get(kind, "a string"), " and ".join(limits)]
    ).rstrip()


SETTINGS = {name: _setting(hint) for name, hint in get_type_hints(Recipe, include_extras=True).items()}
"""The settings by name, in the order of `Recipe`."""


ALSO_CALLED = {
    "imgsz": "input_size",
    "img": "input_size",
    "img_size": "input_size",
    "image_size": "input_size",
    "crop_size": "input_size",
    "train_crop_size": "input_size",
    "val_crop_size": "input_size",
    "side": "input_size",
    "size": "input_size",
    "resize": "resize_size",
    "val_resize_size": "resize_size",
    "train_sides": "train_sizes",
    "lr": "learning_rate",
    "lr0": "learning_rate",
    "lrf": "final_fraction",
    "min_lr": "final_fraction",
    "epoch": "epochs",
    "max_epochs": "epochs",
    "num_epochs": "epochs",
    "batch": "batch_size",
    "bs": "batch_size",
    "b": "batch_size",
    "j": "workers",
    "num_workers": "workers",
    "wd": "weight_decay",
    "opt": "optimizer",
    "sched": "schedule",
    "scheduler": "schedule",
    "lr_scheduler": "schedule",
    "lr_schedule": "schedule",
    "warmup_epochs": "warmup",
    "lr_warmup_epochs": "warmup",
    "freeze": "frozen",
    "drop": "dropout",
    "smoothing": "label_smoothing",
    "ema": "averaging",
    "model_ema": "averaging",
    "model_ema_decay": "averaging_decay",
    "amp": "precision",
    "scale": "patch_area",
    "ratio": "patch_aspect",
    "hflip": "mirror",
    "fliplr": "mirror",
    "color_jitter": "photometric",
    "interpolation": "interpolations",
    "early_stopping": "patience",
    "model": "variant",
    "arch": "variant",
    "adaptive_side_pooling": "adaptive_auxiliary_pooling",
}
"""Names of settings in timm, torchvision, Ultralytics, fastai and older versions -> their names here."""


def parse_overrides(pairs: Sequence[str]) -> dict[str, Any]:
    """Parse `key=value` texts. A value is JSON, several values separated by commas, `none`/`off`, or a word.

    `off` switches any setting off: no mirroring, a lighting of 0, no dropout.

    Raises SettingsError for a text without "=" and for a key given twice.
    """
    overrides: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        key = key.strip()
        if not equals or not key:
            raise SettingsError(f"--set {pair!r} has no value: write key=value, for example epochs=10")
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
"""Settings whose text is not JSON, and how it is parsed."""


def _switched_off(key: str, word: str) -> Any:
    """The value that `none` or `off` means for a setting: its own "none", otherwise false or 0."""
    if key not in SETTINGS or key == "averaging":
        return "none"
    kind = SETTINGS[key].kind
    if type(None) in get_args(kind) and not (key == "dropout" and word == "off"):
        return None  # dropout=none is the variant's, dropout=off is no dropout
    return False if kind is bool else 0


def override(recipe: Recipe, overrides: Mapping[str, Any]) -> Recipe:
    """The recipe with some settings changed; raises SettingsError as `recipe_from_dict` does."""
    return recipe_from_dict(recipe.to_dict() | dict(overrides))


def check_known(keys: Iterable[str]) -> None:
    """Raise SettingsError for the first key that is not a setting, naming the setting that is probably meant."""
    for key in keys:
        if key not in SETTINGS:
            hint = did_you_mean(key, SETTINGS, also_called=ALSO_CALLED, otherwise="`googlenet recipes` lists them")
            raise SettingsError(f"unknown setting {key!r}; {hint}")


def recipe_from_dict(settings: Mapping[str, Any]) -> Recipe:
    """A recipe from its settings by name.

    Raises SettingsError for the first error, naming the key, and for an unknown key the most similar one.
    """
    check_known(settings)
    given = dict(settings)
    if isinstance(sizes := given.get("train_sizes"), str | int):
        given["train_sizes"] = parse_train_sizes(str(sizes))
    try:
        recipe = msgspec.convert(given, Recipe, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_refusal(str(error), given)) from None
    recipe.spec(classes=2)  # raises for an unknown variant
    return recipe


def _refusal(message: str, given: Mapping[str, Any]) -> str:
    """Rewrite msgspec's error (`Expected ... - at `$.key[0]``) as the setting's value and its valid values."""
    key = message.rpartition(" - at `$.")[2].strip("`").partition("[")[0]
    return f"{key}={given[key]}: give {SETTINGS[key].expected}"
