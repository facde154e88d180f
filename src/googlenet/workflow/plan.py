"""The plan of a run: everything that was requested, stored in `settings.json` so that the run can be resumed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from googlenet.errors import InputError, MissingExtraError
from googlenet.workflow.request import Request

if TYPE_CHECKING:
    from googlenet.dataset import Dataset
    from googlenet.model import Model, ModelHeader
    from googlenet.recipes import Recipe
    from googlenet.runs import RunFolder

DEFAULT_VAL_SHARE = 0.2
ADDED_LATER = ("fingerprint", "start", "start_sha256", "start_reason", "initial_seed", "members", "exclude")
"""Keys that `settings.json` of a run may lack, because the version that started the run did not write them."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run does, fully resolved: `settings` are all settings of the recipe, `minutes` is its budget or None.

    `fingerprint` is that of the pictures' names, once the data were read; `start` is the model that the training starts
    from, None for random weights, `start_sha256` the checksum of its tensors, `start_reason` why the weights are random
    if nobody asked for that; `initial_seed` draws the initial weights where that is not `seed`; `members` is None for
    one network, or the number of networks of an ensemble, which share the minutes; `exclude`: the pictures left out.
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
    start_reason: str | None = None
    initial_seed: int | None = None
    members: int | None = None
    exclude: tuple[str, ...] | None = None

    def load_start(self) -> Model | None:
        """Load the model to start from; raises InputError if it is not the one that the run was started with."""
        from googlenet.model import load_model, read_header
        from googlenet.pretrained import find_model

        if self.start is None:
            return None
        path = find_model(self.start)
        if read_header(path).sha256 != self.start_sha256:
            raise InputError(
                f"{self.start} has changed since this run was started from it, so the run cannot be resumed: "
                "restore it, or start a new run"
            )
        return load_model(path)

    def open_dataset(self, held: Dataset | None = None) -> Dataset:
        """Open the pictures, or those that a program holds, with the plan's split, without the excluded ones."""
        return _open_pictures(held or self.data, self.split_seed, self.val_share, self.exclude)

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return dataclasses.asdict(self)


def new_plan(request: Request) -> tuple[RunPlan, Dataset]:
    """The plan of a new run, and its pictures, which decide where it starts unless the request does.

    Raises InputError if DATA is missing or cannot be opened, SettingsError for a wrong setting.
    """
    from googlenet.model import read_header
    from googlenet.pretrained import find_model
    from googlenet.recipes import STARTS, check_known, get_recipe, override
    from googlenet.workflow.starting import choose_recipe

    if request.data is None:
        raise InputError("DATA is missing: googlenet train DATA (a folder of class folders, a .tar of one, or digits)")
    _check_start(request)
    check_known(request.overrides)  # before pictures are read
    val_share = DEFAULT_VAL_SHARE if request.val_share is None else request.val_share
    dataset = _open_pictures(request.data, request.split_seed or 0, val_share, request.exclude)
    name, reason = choose_recipe(request, dataset)
    recipe, overrides = get_recipe(name), dict(request.overrides)
    if "epochs" in overrides:  # a user's epochs are done as they are, however few updates that is
        overrides.setdefault("least_steps", 1)
    start = STARTS[name] if request.start is None and not request.from_scratch else request.start
    header = None if start is None else read_header(find_model(start))
    if header is not None:
        recipe = _adapted_to_start(recipe, header, overrides)
    plan = RunPlan(
        data=_absolute(request.data),
        recipe=name,
        settings=override(recipe, overrides).to_dict(),
        minutes=request.minutes,
        seed=request.seed or 0,
        val_share=val_share,
        split_seed=request.split_seed or 0,
        fingerprint=dataset.fingerprint,
        start=None if start is None else _stable_name(start),
        start_sha256=None if header is None else header.sha256,
        start_reason=reason,
        members=request.members,
        exclude=request.exclude,
    )
    return plan, dataset


def _open_pictures(data: str | Dataset, split_seed: int, val_share: float, exclude: tuple[str, ...] | None) -> Dataset:
    from googlenet.dataset import SplitRule, hold_back, open_dataset

    rule = SplitRule(split_seed, val_share)
    dataset = open_dataset(data, split_rule=rule) if isinstance(data, str) else hold_back(data, rule)
    return dataset if exclude is None else dataset.without(exclude)


def _check_start(request: Request) -> None:
    """Raise InputError if the model to start from does not exist, or contradicts the rest of the request."""
    from googlenet.model import read_header
    from googlenet.pretrained import find_model
    from googlenet.recipes import STARTS, get_recipe

    if request.recipe is not None:
        get_recipe(request.recipe)
    if request.from_scratch and request.start is not None:
        raise InputError(
            f"--from-scratch starts from random weights, --start {request.start} from that model: omit one of them"
        )
    if request.from_scratch and request.recipe is not None and STARTS[request.recipe] is not None:
        raise InputError(
            f"--from-scratch starts from random weights, but the recipe {request.recipe} is for a model to start from: "
            "omit one of them"
        )
    if request.start is not None:
        read_header(find_model(request.start))


def _adapted_to_start(recipe: Recipe, start: ModelHeader, overrides: Mapping[str, Any]) -> Recipe:
    """The recipe adapted to the network and the preprocessing of the model that a training starts from.

    Fit and size are also the model's unless the user overrides them; a different input size keeps the ratio of
    resize_size to input_size, and the training sizes are scaled with it.
    Raises InputError for a network setting that contradicts the model.
    """
    from googlenet.recipes import override, scaled_train_sizes

    spec, pictures = start.spec, start.preprocessing
    network = {"variant": spec.variant, "width": spec.width, "channels": spec.channels}
    for key, value in network.items():
        if overrides.get(key, value) != value:
            raise InputError(
                f"--set {key}={overrides[key]} contradicts the model to start from, which has {value}; omit it"
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
    """The plan stored in `settings.json`; raises InputError if the request contradicts it.

    A requested precision of `auto` agrees with the precision that it was resolved to.
    """
    import msgspec

    from googlenet.model.migrations import renamed
    from googlenet.recipes import override, recipe_from_dict

    fields = dataclasses.fields(RunPlan)
    if {field.name for field in fields} - {*ADDED_LATER} - stored.keys():
        raise InputError(f"{folder.settings} is incomplete; start a new run in another folder")
    kept: dict[str, Any] = {field.name: stored.get(field.name) for field in fields}
    try:
        plan = msgspec.convert(kept | {"settings": renamed(kept["settings"])}, RunPlan)
    except msgspec.ValidationError as error:
        raise InputError(f"{folder.settings} is damaged ({error}); start a new run in another folder") from None
    recipe = recipe_from_dict(plan.settings)
    overrides = dict(request.overrides)
    if overrides.get("precision") == "auto":  # it was resolved when the run started
        del overrides["precision"]
    requested = {
        "data": None if request.data is None else _absolute(request.data),
        "start": None if request.start is None else _stable_name(request.start),
        **{key: getattr(request, key) for key in ("recipe", "minutes", "seed", "val_share", "split_seed", "members")},
    }
    overridden = override(recipe, overrides).to_dict()
    _check_agreement(folder, plan.to_dict(), {key: value for key, value in requested.items() if value is not None})
    _check_agreement(folder, recipe.to_dict(), overridden)
    if request.from_scratch and plan.start is not None:
        raise InputError(f"{folder.path} was started from {plan.start}, not from scratch; omit it to resume the run")
    if request.exclude is not None and set(request.exclude) != set(plan.exclude or ()):
        raise InputError(
            f"{folder.path} was started without {len(plan.exclude or ()):,} excluded pictures, and --exclude lists "
            "others; omit it to resume the run"
        )
    return plan


def _check_agreement(folder: RunFolder, before: dict[str, Any], requested: dict[str, Any]) -> None:
    for key, value in requested.items():
        if value != before[key]:
            started = f"without {key}, not with" if before[key] is None else f"with {key} {before[key]}, not"
            raise InputError(f"{folder.path} was started {started} {value}; omit it to resume the run")


def settled_plan(plan: RunPlan, *, device: str | None) -> RunPlan:
    """The plan with a precision of `auto` resolved for the device, so that a resumed run computes in the same one.

    Raises MissingExtraError if torch is missing, InputError for a device that cannot be used.
    """
    if plan.settings.get("precision") != "auto":  # older versions did not write a precision
        return plan
    try:
        from googlenet.engines.torch_engine import choose_device
        from googlenet.training.precision import settle_precision
    except ModuleNotFoundError as error:
        raise MissingExtraError("torch", extra="train", purpose="training") from error
    precision = settle_precision("auto", choose_device(device))
    return dataclasses.replace(plan, settings=plan.settings | {"precision": precision})


def check_same_pictures(folder: RunFolder, plan: RunPlan, dataset: Dataset) -> RunPlan:
    """The plan with the pictures' fingerprint; raises InputError if a resumed run was started with others."""
    if plan.fingerprint not in (None, dataset.fingerprint):
        raise InputError(
            f"the pictures in {plan.data} have changed since {folder.path} was started, so it cannot be resumed: "
            "restore them, or start a new run"
        )
    return dataclasses.replace(plan, fingerprint=dataset.fingerprint)


def _stable_name(start: str | Path) -> str:
    """A model's name in the catalogue unchanged; a path made absolute, so that it holds from any folder."""
    from googlenet.pretrained import find_model

    path = find_model(start)
    return str(start) if path != Path(start) else str(path.resolve())


def _absolute(data: str | Dataset) -> str:
    """DATA as an absolute path, so that it holds from any folder; the name of a set without a path unchanged."""
    from googlenet.dataset import class_level, is_shard_pattern
    from googlenet.images import is_address

    if not isinstance(data, str):
        return data.name
    if is_shard_pattern(data):
        return data if is_address(data) else str(Path.cwd() / data)
    return str(Path(data).resolve()) if class_level(data)[0].exists() else data
