"""`googlenet lr-find`: suggests a learning rate for a dataset and starting weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.terminal import report_result, say_json, warn
from googlenet.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from googlenet.training.rate_advice import RateAdvice
    from googlenet.training.rate_search import RateCurve
    from googlenet.workflow.plan import RunPlan


def lr_find_command(
    data: Annotated[str, Argument(help="A folder of class folders, tars ('shards/*.tar'), or an embedded set.")],
    start: Annotated[
        str | None,
        Option(help="Start from this model's weights; default: as `googlenet train`, bvlc.", metavar="MODEL"),
    ] = None,
    from_scratch: Annotated[bool, Option(help="Start from random weights, as `train --from-scratch`.")] = False,
    recipe: Annotated[str | None, Option(help="A recipe, as for `train`.")] = None,
    settings: Annotated[
        list[str] | None, Option(name="--set", help="Override a setting; repeatable.", metavar="KEY=VALUE")
    ] = None,
    lowest: Annotated[float, Option(help="First learning rate.")] = 1e-4,
    highest: Annotated[float, Option(help="Last learning rate.")] = 1.0,
    steps: Annotated[int, Option(least=10, help="At most this many updates.")] = 80,
    out: Annotated[Path, Option(help="Where to write the plot (.png).")] = Path("learning_rate.png"),
    as_json: Annotated[bool, Option(name="--json", help="Print JSON: suggestion, rates and losses.")] = False,
    seed: Annotated[int, Option(least=0, help="Random seed.")] = 0,
    device: Annotated[str | None, Option(help="cpu, cuda or mps; default: the best available.")] = None,
) -> None:
    """Raise the learning rate step by step, plot the loss against it, and say whether to change the recipe's rate.

    No model is saved. It starts from the weights that `googlenet train` would start from. The plot needs matplotlib.

    Example: googlenet lr-find photos/
    """
    from googlenet.cli.display import CountDisplay
    from googlenet.cli.sources import remarks
    from googlenet.files import check_can_write, current_folder
    from googlenet.recipes import parse_overrides, recipe_from_dict
    from googlenet.runs import RunFolder
    from googlenet.workflow.announcements import start_lines
    from googlenet.workflow.plan import new_plan
    from googlenet.workflow.request import Request

    try:
        from googlenet.engines.torch_engine import choose_device
        from googlenet.training import TrainingJob
        from googlenet.training.rate_advice import advise
        from googlenet.training.rate_search import search_rate
    except ModuleNotFoundError as error:
        raise MissingExtraError("torch", extra="train", purpose="trying learning rates") from error
    if not 0 < lowest < highest:
        raise InputError(f"--lowest is {lowest:g} and --highest is {highest:g}: both must be above 0 and ascending")
    check_can_write(out, what="the plot is a PNG file", suffixes=(".png",))
    current = current_folder()
    request = Request(
        data=data,
        recipe=recipe,
        overrides=parse_overrides(settings or ()),
        seed=seed,
        start=start,
        from_scratch=from_scratch,
    )
    plan, dataset = new_plan(request)
    warn(*start_lines(plan), *remarks(dataset, dataset.splits["train"]))
    job = TrainingJob(
        dataset,
        recipe_from_dict(plan.settings),
        RunFolder(out.parent),
        seed,
        device=choose_device(device),
        start=plan.load_start(),
    )
    display, batch = CountDisplay("tried"), job.recipe.batch_size
    curve = search_rate(
        job,
        lowest=lowest,
        highest=highest,
        steps=steps,
        on_progress=lambda done, total: display(done * batch, total * batch),
    )
    display.close()
    recipe_rate = job.recipe.learning_rate
    advice = advise(curve, recipe=plan.recipe, recipe_rate=recipe_rate, fine_tuning=plan.start is not None)
    drawn = _draw(curve, f"{job.recipe.variant} on {dataset.name}", recipe_rate, out, current)
    if as_json:
        say_json(_fields(curve, advice, plan, recipe_rate) | {"out": str(out) if drawn else None})
        return
    what = "suggested: --learning-rate" if advice.verdict == "try" else "this search:"
    report_result(
        f"{what} {curve.suggestion:g} (the loss is lowest at {curve.turning:.2g})",
        advice.sentence,
        *([f"plot: {out}"] if drawn else []),
    )


def _fields(curve: RateCurve, advice: RateAdvice, plan: RunPlan, recipe_rate: float) -> dict[str, Any]:
    return {
        "learning_rate": curve.suggestion,
        "turning": curve.turning,
        "recipe": plan.recipe,
        "recipe_learning_rate": recipe_rate,
        "start": plan.start,
        "verdict": advice.verdict,
        "advice": advice.sentence,
        "rates": curve.rates,
        "losses": curve.losses,
    }


def _draw(curve: RateCurve, title: str, recipe_rate: float, out: Path, current: Path | None) -> bool:
    """Write the plot; without matplotlib, say how to install it, because the suggestion does not need it."""
    import io

    from googlenet.files import recreate_folder, write_atomically
    from googlenet.training.rate_curve import draw_rate_curve

    try:
        figure = draw_rate_curve(curve, title=title, recipe_rate=recipe_rate)
    except MissingExtraError as missing:
        warn(f"no plot: {missing}")
        return False
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    recreate_folder(out.parent, current)  # it existed at the start, but may have been deleted since
    write_atomically(out, picture.getvalue())
    return True
