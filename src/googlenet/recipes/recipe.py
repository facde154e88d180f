"""The settings of a training as one frozen record, and how a user overrides them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
    model_validator,
)

from googlenet.architecture import ArchitectureSpec
from googlenet.errors import SettingsError
from googlenet.images import IMAGENET_MEAN_RGB, Fit, Interpolation, Preprocessing
from googlenet.recipes.sides import Sides, format_sides, parse_sides

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Range = tuple[Positive, Positive]
PrecisionSetting = Literal["auto", "float32", "bfloat16"]

PIXEL_DEVIATION = 58.0  # of ImageNet's pixels on 0..255; dividing by it gives inputs of about unit variance
OFF = ("none", "off")  # what a user writes to switch a setting off


def _sides(value: object) -> object:
    return parse_sides(str(value)) if isinstance(value, str | int) else value


def _checked_sides(sides: Sides | None) -> Sides | None:
    return None if sides is None else parse_sides(format_sides(sides))


class Recipe(BaseModel):
    """All settings of a training. Frozen; `googlenet recipes NAME` shows one, `--set key=value` overrides."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    # network
    variant: str = Field("paper", description="which table the network is built from (`googlenet table1 --variant`)")
    width: Positive = Field(1.0, description="multiplies the number of filters of every layer")
    channels: Literal[1, 3] = Field(3, description="3: colour, 1: pictures are made grey")
    adaptive_side_pooling: bool = Field(False, description="side classifiers pool to 4x4 at every input size")
    # what begins from another model (--start)
    trunk_rate: NotNegative = Field(1.0, description="with --start: rate of what it brought along, x learning_rate")
    head_warmup: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="with --start: share of the training in which only what begins anew is trained"
    )
    frozen: str | None = Field(None, description="with --start: rows up to this one of Table 1 stay as they are")
    # pictures
    side: Count = Field(224, description="side of the network's input in use and in evaluation, px")
    resize: Count | None = Field(None, description="side a whole picture is resized to before its centre is cut, px")
    fit: Fit = Field("crop", description="how a whole picture becomes a square: crop, squash, letterbox")
    train_sides: Annotated[Sides | None, BeforeValidator(_sides), AfterValidator(_checked_sides)] = Field(
        None, description="side of training squares by share of the training done, as 0:64,0.5:96; none: side"
    )
    # augmentation (paper, Section 6)
    patch_area: Range | None = Field((0.08, 1.0), description="a patch's share of the picture's area, uniform; off")
    patch_aspect: Range = Field((3 / 4, 4 / 3), description="a patch's width / height")
    photometric: Range | None = Field((0.5, 1.5), description="factors of contrast, brightness, colour; off")
    lighting: NotNegative = Field(0.1, description="standard deviation of the lighting noise; 0: off")
    interpolations: tuple[Interpolation, ...] = Field(
        ("bilinear", "area", "nearest", "bicubic"), description="one is drawn for every patch"
    )
    mirror: bool = Field(True, description="half of the pictures are mirrored")
    # budget
    epochs: Positive = Field(60.0, description="passes over the training pictures; --minutes takes its place")
    least_steps: Count = Field(1, description="updates at the least, however few pictures an epoch has")
    steps: Count | None = Field(None, description="updates, in place of epochs")
    batch_size: Count = Field(32, description="pictures an update")
    balance: Share = Field(0.0, description="0: classes are seen as often as they have pictures, 1: all equally often")
    # optimisation
    optimizer: Literal["sgd", "muon"] = Field("sgd", description="sgd; muon: orthogonalised momentum for kernels")
    learning_rate: Positive = Field(0.01, description="the rate before it falls")
    vector_rate: Positive = Field(1.0, description="with muon: rate of norms and linear layers, x learning_rate")
    schedule: Literal["paper", "polynomial", "linear", "cosine", "constant"] = Field(
        "paper", description="how the rate moves; paper: 4 % less every 8 epochs"
    )
    warmup: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="share of the training while the rate rises")
    power: Positive = Field(0.5, description="exponent of the polynomial schedule")
    final_fraction: Share = Field(0.0, description="share of the rate that is left at the end")
    momentum: Annotated[float, Field(ge=0, lt=1)] = Field(0.9, description="of the optimiser")
    nesterov: bool = Field(False, description="Nesterov's form of momentum")
    weight_decay: NotNegative = Field(2e-4, description="of kernels and matrices; biases and norms have none")
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="share given to the other classes")
    auxiliary_weight: NotNegative = Field(0.3, description="weight of each side classifier's loss; 0: none built")
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None, description="dropout before the classifier; none: what the table says (0.4)"
    )
    # averaging, selection
    averaging: Literal["none", "polyak", "exponential"] = Field(
        "polyak", description="weights used at test time: the last, the plain mean of iterates, the exponential mean"
    )
    averaging_decay: Annotated[float, Field(gt=0, lt=1)] = Field(0.999, description="of the exponential mean")
    averaging_start: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.75, description="share of the training after which averaging begins"
    )
    selection: Literal["best", "last"] = Field("best", description="keep the epoch that was best on val, or the last")
    validate_every: int = Field(1, ge=0, description="epochs between evaluations on val; 0: only at the end")
    patience: Count | None = Field(None, description="stop after this many evaluations without a better one; none")
    # machine
    precision: PrecisionSetting = Field(
        "float32", description="numbers of a training's maps; auto: bfloat16 where the machine multiplies those"
    )
    memory_gigabytes: NotNegative = Field(4.0, description="pictures kept decoded in memory at the most")
    workers: int = Field(2, ge=1, le=64, description="threads that load and augment")
    checkpoint_seconds: NotNegative = Field(300.0, description="time between checkpoints within an epoch")

    @model_validator(mode="after")
    def _agrees(self) -> Recipe:
        if self.resize is not None and self.resize < self.side:
            raise ValueError(f"resize is {self.resize} and side is {self.side}: resize must be at least side")
        for key in ("patch_area", "patch_aspect", "photometric"):
            limits = getattr(self, key)
            if limits is not None and limits[0] > limits[1]:
                raise ValueError(f"{key} is {limits[0]},{limits[1]}: the least comes first")
        if self.patch_area is not None and self.patch_area[1] > 1:
            raise ValueError(f"patch_area ends at {self.patch_area[1]}: a share is at most 1")
        if not self.interpolations:
            raise ValueError("interpolations is empty: give at least one")
        return self

    @field_serializer("train_sides")
    def _sides_as_text(self, sides: Sides | None) -> str | None:
        return None if sides is None else format_sides(sides)

    @property
    def sides(self) -> Sides:
        """Side of the training squares by share of the training done."""
        return self.train_sides or ((0.0, self.side),)

    def spec(self, classes: int) -> ArchitectureSpec:
        """The network that this recipe trains for a number of classes."""
        return ArchitectureSpec(self.variant, classes, self.channels, self.width, self.adaptive_side_pooling)

    @property
    def needs_start(self) -> tuple[str, ...]:
        """The settings in force that mean something only where a training begins from another model."""
        given = {"trunk_rate": self.trunk_rate != 1, "head_warmup": self.head_warmup > 0, "frozen": bool(self.frozen)}
        return tuple(key for key, in_force in given.items() if in_force)

    def preprocessing(self) -> Preprocessing:
        """How a whole picture becomes the network's input: the mean subtracted (paper, Section 5), unit variance."""
        mean = IMAGENET_MEAN_RGB if self.channels == 3 else (sum(IMAGENET_MEAN_RGB) / 3,)
        return Preprocessing(
            side=self.side,
            resize=self.resize or self.side,
            fit=self.fit,
            channel_order="RGB" if self.channels == 3 else "GREY",
            mean=mean,
            scale=(1 / PIXEL_DEVIATION,) * self.channels,
        )

    def to_dict(self) -> dict[str, Any]:
        """The settings by name, as JSON values."""
        return self.model_dump(mode="json")


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
    if key in AS_TEXT and not text.startswith("["):
        return AS_TEXT[key](text)
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return [_value(key, part.strip()) for part in text.split(",")] if "," in text else text


AS_TEXT: dict[str, Callable[[str], Any]] = {
    "train_sides": str,
    "interpolations": lambda text: [part.strip() for part in text.split(",")],
}
"""Settings whose text is not JSON, and how it is read."""


def _switched_off(key: str, word: str) -> Any:
    """What `none` or `off` means for a setting: what it knows as that, else false or 0."""
    if key not in Recipe.model_fields or key == "averaging":
        return "none"
    annotation = Recipe.model_fields[key].annotation
    if type(None) in get_args(annotation) and not (key == "dropout" and word == "off"):
        return None  # dropout=none is the table's, dropout=off is none at all
    return False if annotation is bool else 0


def override(recipe: Recipe, overrides: Mapping[str, Any]) -> Recipe:
    """The recipe with other settings; raises SettingsError that names the key, and the nearest for an unknown one."""
    for key in overrides:
        if key not in Recipe.model_fields:
            near = difflib.get_close_matches(key, Recipe.model_fields, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "`googlenet recipes` lists them"
            raise SettingsError(f"no setting is called {key!r}; {hint}")
    return recipe_from_dict(recipe.to_dict() | dict(overrides))


def recipe_from_dict(settings: Mapping[str, Any]) -> Recipe:
    """A recipe from its settings by name; raises SettingsError with the first thing that is wrong."""
    try:
        recipe = Recipe.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{key}={first['input']}: {message}" if key else message) from None
    recipe.spec(classes=2)  # raises for a variant that does not exist
    return recipe
