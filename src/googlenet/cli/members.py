"""The plans of an ensemble's members (paper, Section 7): what they share, and in what they differ."""

from __future__ import annotations

from dataclasses import replace

from googlenet.cli.plan import RunPlan
from googlenet.errors import InputError

WIDER = 1.25
"""Width of the last member, x the recipe's. The paper says of its seventh network only that it was wider."""

SEEDS_APART = 1000  # between the members of one seed and those of the next


def member_plans(plan: RunPlan) -> tuple[RunPlan, ...]:
    """A plan for each member: the same starting weights and rates, another order and sampling of the pictures.

    The last of several is wider, so its starting weights are its own; with a model to start from there is no wider one,
    because all begin with that model's weights. Minutes are shared out evenly. Raises InputError for fewer than two.
    """
    members = plan.members or 0
    if members < 2:
        raise InputError(f"--members is {members}; an ensemble has at least 2, the paper's has 7")
    minutes = None if plan.minutes is None else plan.minutes / members
    plans = [
        replace(plan, members=None, minutes=minutes, seed=SEEDS_APART * plan.seed + number, initial_seed=plan.seed)
        for number in range(1, members + 1)
    ]
    if plan.start is None:
        width = plan.settings["width"] * WIDER
        plans[-1] = replace(plans[-1], settings=plan.settings | {"width": width})
    return tuple(plans)
