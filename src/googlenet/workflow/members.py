"""`googlenet train --members N`: an ensemble (paper, Section 7), trained one member after another, and its score."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from googlenet.errors import InputError
from googlenet.workflow.plan import RunPlan
from googlenet.workflow.result import read_result
from googlenet.workflow.run import Listeners, TrainingStoppedError, check_new, run_plan

if TYPE_CHECKING:
    from googlenet.dataset import Dataset
    from googlenet.runs import RunFolder

WIDER = 1.25
"""Width of the last member relative to the recipe's. The paper only says that its seventh network was wider."""

SEEDS_APART = 1000  # distance between the seeds of one ensemble and those of the ensemble with the next seed


def member_plans(plan: RunPlan) -> tuple[RunPlan, ...]:
    """A plan for each member: same initial weights and learning rates, different order and sampling of the pictures.

    The last member is wider and has initial weights of its own; with a model to start from no member is wider, because
    all start from that model's weights. Minutes are divided evenly. Raises InputError for fewer than two members.
    """
    members = plan.members or 0
    if members < 2:
        raise InputError(f"--members is {members}; an ensemble needs at least 2 members (the paper's has 7)")
    minutes = None if plan.minutes is None else plan.minutes / members
    plans = [
        replace(plan, members=None, minutes=minutes, seed=SEEDS_APART * plan.seed + number, initial_seed=plan.seed)
        for number in range(1, members + 1)
    ]
    if plan.start is None:
        width = plan.settings["width"] * WIDER
        plans[-1] = replace(plans[-1], settings=plan.settings | {"width": width})
    return tuple(plans)


def train_members(
    plan: RunPlan,
    dataset: Dataset,
    folder: RunFolder,
    listeners: Listeners,
    *,
    new: bool,
    device: str | None,
    tensorboard: bool,
) -> None:
    """Train the members that are not finished yet, each as a run in `folder`; then evaluate them together on val.

    `new`: the folder must not hold a run yet. Raises TrainingStoppedError if a listener stops it, InputError if another
    training is writing into the folder.
    """
    from googlenet.model import save_ensemble

    plans = member_plans(plan)
    members = [folder.member(number) for number in range(1, len(plans) + 1)]
    with folder.lock() as lock, ExitStack() as locked:
        if new:
            check_new(folder)
        folder.create()
        locks = [locked.enter_context(member.lock()) for member in members]  # those whose turn comes later, too
        for number, (member, member_plan) in enumerate(zip(members, plans, strict=True), 1):
            with suppress(OSError):  # the next write reports what is wrong
                lock.restore()
            folder.write_settings(plan.to_dict())
            if member.finished:
                listeners.on_line(f"member {number} of {len(plans)} is finished")
                continue
            listeners.on_line(f"member {number} of {len(plans)}")
            run_plan(
                member_plan,
                dataset,
                member,
                listeners,
                new=False,
                device=device,
                tensorboard=tensorboard,
                resume=folder.path,
                lock=locks[number - 1],
            )
            for line in read_result(member).lines:
                listeners.on_line(line)
            if listeners.should_stop():
                raise TrainingStoppedError(folder.path)
        _evaluate(members, dataset, folder, listeners, device)
        save_ensemble(folder.path, [member.path.relative_to(folder.path).as_posix() for member in members])


def _evaluate(
    members: list[RunFolder], dataset: Dataset, folder: RunFolder, listeners: Listeners, device: str | None
) -> None:
    """Evaluate the members together on val and write `evaluation.json`."""
    from googlenet.engines import EnsembleEngine
    from googlenet.evaluation import evaluate, store_evaluation
    from googlenet.model import load_model, load_models
    from googlenet.runs import MembersEvaluated

    def on_progress(done: int, total: int) -> None:
        listeners.on_event(MembersEvaluated(done, total))
        if listeners.should_stop():
            raise TrainingStoppedError(folder.path)

    models = load_models([member.path for member in members], load_model)
    engine = EnsembleEngine.from_models(models, name="torch", device=device)
    evaluation = evaluate(
        engine,
        models[0].preprocessing,
        dataset.splits["val"],
        split="val",
        on_progress=on_progress,
        keep_answers=True,
    )
    store_evaluation(folder, evaluation)
