"""The plan of a run: what was asked for, as `settings.json` keeps it, so that the run can be resumed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from googlenet.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from googlenet.dataset import Dataset
    from googlenet.model import Model, ModelHeader
    from googlenet.recipes import Recipe
    from googlenet.runs import RunFolder

DEFAULT_VAL_SHARE = 0.2
ADDED_LATER = ("fingerprint", "start", "start_sha256", "initial_seed", "members")
"""What `settings.json` of a run may lack: written at its start, or not known to the version that began it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a user says about a run on the command line; None and () are what was left unsaid."""

    data: str | None
    recipe: str | None
    overrides: tuple[str, ...]
    minutes: float | None
    seed: int | None
    val_share: float | None
    split_seed: int | None
    start: str | None = None
    members: int | None = None


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run does, with everything settled: `settings` are all of the recipe's, `minutes` or None its budget.

    `fingerprint` is that of the pictures' names, once they were looked at; `start` the model that the training begins
    from, `start_sha256` that of its tensors; `initial_seed` draws the starting weights where that is not `seed`;
    `members` is None for one network and the number of networks of an ensemble, which share the minutes.
    """

    data: str
    recipe: str
    settings: dict[str, Any]
    minutes: float | None
    seed: int
    val_share: float
    split_seed: int
    fingerprint: str | None = None
    start: str | None = None
    start_sha256: str | None = None
    initial_seed: int | None = None
    members: int | None = None

    def load_start(self) -> Model | None:
        """The model to begin from; raises InputError where it is not the one that the run was started with."""
        from googlenet.model import load_model, read_header
        from googlenet.pretrained import find_model

        if self.start is None:
            return None
        path = find_model(self.start)
        if read_header(path).sha256 != self.start_sha256:
            raise InputError(f"{self.start} holds other weights than this run was started from, so it cannot go on")
        return load_model(path)

    def open_dataset(self) -> Dataset:
        """The pictures, split as the plan says."""
        from googlenet.dataset import SplitRule, open_dataset

        return open_dataset(self.data, split_rule=SplitRule(self.split_seed, self.val_share))

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return dataclasses.asdict(self)


def new_plan(request: Request) -> RunPlan:
    """The plan of a run that begins; raises InputError where DATA is missing, SettingsError for a wrong setting."""
    from googlenet.dataset import EMBEDDED
    from googlenet.model import read_header
    from googlenet.pretrained import find_model
    from googlenet.recipes import get_recipe, override, parse_overrides

    if request.data is None:
        raise InputError("say what to train on: googlenet train DATA (a folder of class folders, a .tar, or digits)")
    embedded = request.data in EMBEDDED and not Path(request.data).exists()
    name = request.recipe or ("finetune" if request.start else "small" if embedded else "scratch")
    recipe, overrides = get_recipe(name), parse_overrides(request.overrides)
    start = None if request.start is None else _lasting_name(request.start)
    header = None if start is None else read_header(find_model(start))
    if header is not None:
        recipe = _of_the_start(recipe, header, overrides)
    return RunPlan(
        data=_absolute(request.data),
        recipe=name,
        settings=override(recipe, overrides).to_dict(),
        start=start,
        start_sha256=None if header is None else header.sha256,
        minutes=request.minutes,
        members=request.members,
        seed=request.seed or 0,
        val_share=DEFAULT_VAL_SHARE if request.val_share is None else request.val_share,
        split_seed=request.split_seed or 0,
    )


def _of_the_start(recipe: Recipe, start: ModelHeader, overrides: Mapping[str, Any]) -> Recipe:
    """The recipe for the network and the pictures of the model that a training begins from.

    Fit and size are the model's, too, unless the user says otherwise; another input size keeps the margin cut off,
    and the training sizes keep their share of it.
    Raises InputError for a setting of the network that contradicts the model.
    """
    from googlenet.recipes import override, scaled_train_sizes

    spec, pictures = start.spec, start.preprocessing
    network = {"variant": spec.variant, "width": spec.width, "channels": spec.channels}
    for key, value in network.items():
        if overrides.get(key, value) != value:
            raise InputError(
                f"--set {key}={overrides[key]} contradicts the model to start from, which has {value}; leave it out"
            )
    input_size = overrides.get("input_size", pictures.input_size)
    margin = pictures.resize_size / pictures.input_size
    resize_size = round(input_size * margin) if isinstance(input_size, int) else pictures.resize_size
    sizes = recipe.train_sizes
    if sizes is not None and isinstance(input_size, int):
        sizes = scaled_train_sizes(sizes, input_size / recipe.input_size)
    return override(
        recipe,
        {**network, "input_size": input_size, "resize_size": resize_size, "fit": pictures.fit, "train_sizes": sizes},
    )


def resumed_plan(folder: RunFolder, stored: dict[str, Any], request: Request) -> RunPlan:
    """The plan that `settings.json` keeps; raises InputError where what is said again says something else.

    A precision of `auto` said again agrees with whatever it was settled to.
    """
    import msgspec

    from googlenet.model.migrations import renamed
    from googlenet.recipes import override, parse_overrides, recipe_from_dict

    fields = dataclasses.fields(RunPlan)
    if {field.name for field in fields} - {*ADDED_LATER} - stored.keys():
        raise InputError(f"{folder.settings} does not describe a run any more; start a new run in another folder")
    kept: dict[str, Any] = {field.name: stored.get(field.name) for field in fields}
    try:
        plan = msgspec.convert(kept | {"settings": renamed(kept["settings"])}, RunPlan)
    except msgspec.ValidationError as error:
        raise InputError(f"{folder.settings} is damaged ({error}); start a new run in another folder") from None
    recipe = recipe_from_dict(plan.settings)
    overrides = parse_overrides(request.overrides)
    if overrides.get("precision") == "auto":  # it was settled when the run began
        del overrides["precision"]
    said = {
        "data": None if request.data is None else _absolute(request.data),
        "start": None if request.start is None else _lasting_name(request.start),
        **{key: getattr(request, key) for key in ("recipe", "minutes", "seed", "val_share", "split_seed", "members")},
    }
    again = override(recipe, overrides).to_dict()
    _check_agreement(folder, plan.to_dict(), {key: value for key, value in said.items() if value is not None})
    _check_agreement(folder, recipe.to_dict(), again)
    return plan


def _check_agreement(folder: RunFolder, before: dict[str, Any], again: dict[str, Any]) -> None:
    for key, value in again.items():
        if value != before[key]:
            started = f"without {key}, not with" if before[key] is None else f"with {key} {before[key]}, not"
            raise InputError(f"{folder.path} was started {started} {value}; leave it out to go on")


def settled_plan(plan: RunPlan, *, device: str | None) -> RunPlan:
    """The plan with a precision of `auto` become what it means on the device, so that a resumed run computes alike.

    Raises MissingExtraError where torch is missing, InputError for a device that cannot be used.
    """
    if plan.settings.get("precision") != "auto":  # a version that knew no precision wrote none
        return plan
    try:
        from googlenet.engines.torch_engine import choose_device
        from googlenet.training.precision import settle_precision
    except ModuleNotFoundError as error:
        raise MissingExtraError("torch", extra="train", purpose="training") from error
    precision = settle_precision("auto", choose_device(device))
    return dataclasses.replace(plan, settings=plan.settings | {"precision": precision})


def check_same_pictures(folder: RunFolder, plan: RunPlan, dataset: Dataset) -> RunPlan:
    """The plan with the pictures' fingerprint; raises InputError where a resumed run had others."""
    if plan.fingerprint not in (None, dataset.fingerprint):
        raise InputError(
            f"{plan.data} holds other pictures than {folder.path} was started with, so it cannot go on: "
            "put them back as they were, or start a new run"
        )
    return dataclasses.replace(plan, fingerprint=dataset.fingerprint)


def _lasting_name(start: str) -> str:
    """A model's name in the catalogue as it is, its path as it is found again from another folder."""
    from googlenet.pretrained import find_model

    path = find_model(start)
    return start if path != Path(start) else str(path.resolve())


def _absolute(data: str) -> str:
    """DATA as it is found again from another folder; the name of an embedded set stays as it is."""
    from googlenet.dataset import class_level

    return str(Path(data).resolve()) if class_level(data)[0].exists() else data
