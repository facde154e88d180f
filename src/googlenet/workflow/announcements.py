"""What is said of a training before it begins, as lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from googlenet.checks import quick_lines
from googlenet.pretrained import CATALOGUE

if TYPE_CHECKING:
    from googlenet.dataset import Dataset
    from googlenet.recipes import Recipe
    from googlenet.runs import RunFolder
    from googlenet.workflow.plan import RunPlan


def announcements(plan: RunPlan, dataset: Dataset, folder: RunFolder, recipe: Recipe) -> Iterator[str]:
    """What is trained from which weights, how long and where; how pictures are used, and findings about them."""
    what = f"training {recipe.variant} from scratch" if plan.start is None else f"fine-tuning {model_name(plan.start)}"
    yield f"{what} on {dataset.name}: {len(dataset.classes):,} classes, {_budget(plan, recipe)}, into {folder.path}"
    yield from start_lines(plan)
    yield (
        f"recipe {plan.recipe}: fit {recipe.fit} to {recipe.input_size} px, trained in {recipe.precision}; "
        f"all settings are in {folder.settings}"
    )
    if plan.exclude:
        from googlenet.dataset import describe_exclusion

        yield describe_exclusion(replace(plan, exclude=None).open_dataset(), plan.exclude)
    yield from filter(None, (dataset.ignored.sentence(), dataset.splits["train"].note()))
    yield from quick_lines(dataset)
    if dataset.split_rule is not None:
        rule = dataset.split_rule
        yield (
            f"no val/ folder: {rule.share:.0%} of each class is held back for validation, with seed {rule.seed} "
            "(see split.csv)"
        )


def start_lines(plan: RunPlan) -> Iterator[str]:
    """From which weights a training starts, and what to type for others."""
    if plan.start is not None:
        yield (
            f"starting from {plan.start}: its weights, channel order, mean and scale; the classifier is new"
            f"{' (--from-scratch: random weights instead)' if plan.start in CATALOGUE else ''}"
        )
    elif plan.start_reason is not None:
        yield f"from scratch, because {plan.start_reason} (--start bvlc: fine-tune the ImageNet weights instead)"


def model_name(start: str) -> str:
    """A model to start from in a few words."""
    return f"{start}, GoogLeNet's weights from ImageNet," if start == "bvlc" else start


def _budget(plan: RunPlan, recipe: Recipe) -> str:
    if plan.minutes:
        return f"{plan.minutes:g} minutes"
    if recipe.steps:
        return f"{recipe.steps:,} steps"
    least = f", at least {recipe.least_steps:,} steps" if recipe.least_steps > 1 else ""
    return f"{recipe.epochs:g} epochs{least}"
