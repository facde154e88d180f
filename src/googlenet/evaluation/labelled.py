"""Which pictures of DATA a model is evaluated on: those that were held back when it was trained, if it was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from googlenet.argument_types import PathArgument
from googlenet.dataset import Dataset, Samples, SplitRule, hold_back, open_dataset, relabel
from googlenet.errors import DataError, InputError
from googlenet.model import About

PREFERRED_SPLITS = ("test", "val", "all")


def open_labelled(
    data: PathArgument | Dataset, split: str | None, *, classes: Sequence[str], origins: Iterable[About]
) -> tuple[Dataset, Samples, str]:
    """DATA, the pictures of a split with the labels of a model's `classes`, and the name of the split.

    `split`: train, val, test or all; by default the first of `PREFERRED_SPLITS` that there is. `origins`: of the
    models; if they were trained on DATA and it has no val/ folder, it is split as it was for them. Raises InputError
    for a split that DATA does not have and as `open_dataset` does, DataError as `relabel` does.
    """
    dataset = data if isinstance(data, Dataset) else open_dataset(data, split_rule=None, classes=classes)
    if split != "all":
        dataset = _held_back_as_trained(dataset, origins)
    name = split or _default_split(dataset)
    if name not in dataset.splits:
        raise InputError(f"{dataset.name} has no split {name!r}; it has {', '.join(dataset.splits)}")
    return dataset, relabel(dataset.splits[name], classes), name


def _held_back_as_trained(dataset: Dataset, origins: Iterable[About]) -> Dataset:
    """The dataset, split as it was split for the models that were trained on it, unless it has a val/ folder.

    Raises InputError if they were validated on different pictures: no part of DATA is then new to all of them.
    """
    rules: list[SplitRule] = []
    for about in origins:
        trained = about.data or {}
        same = trained.get("fingerprint") == dataset.fingerprint or trained.get("name") == dataset.name
        with suppress(TypeError):  # written by another program, or missing
            rule = SplitRule(**trained["split"]) if same and trained.get("split") else None
            if rule is not None and rule not in rules:
                rules.append(rule)
    if dataset.split_rule is not None and any(rule != dataset.split_rule for rule in rules):
        raise InputError(
            f"the model was trained on {dataset.name} with other pictures held back ({rules[0]}), so val has pictures "
            "that it was trained on: open the dataset with split_rule=None, or give its path"
        )
    if not rules or "val" in dataset.splits:
        return dataset
    if len(rules) > 1:
        held = ", ".join(f"seed {rule.seed} and share {rule.share}" for rule in rules)
        raise InputError(
            f"different pictures of {dataset.name} were held back for each model's validation ({held}), so no part of "
            "it is new to all models; use --split all to evaluate on all of it"
        )
    return hold_back(dataset, rules[0])


def _default_split(dataset: Dataset) -> str:
    for name in PREFERRED_SPLITS:
        if name in dataset.splits:
            return name
    raise DataError(
        f"{dataset.name} has only train/, and accuracy on training pictures does not carry over to new ones; "
        "use --split train to evaluate on them anyway"
    )
