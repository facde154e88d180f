"""`googlenet lr-find`: suggests a learning rate for a dataset and starting weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.terminal import report, say_json, warn
from googlenet.errors import InputError, MissingExtraError


def lr_find_command(
    data: Annotated[str, Argument(help="A folder of class folders, a .tar of one, or an embedded set.")],
    start: Annotated[
        str | None, Option(help="Start from this model's weights, as `train --start` does.", metavar="MODEL")
    ] = None,
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
    """Raise the learning rate step by step, plot the loss against it and suggest a rate. Nothing is trained.

    Example: googlenet lr-find photos/ --start bvlc
    """
    import io

    from googlenet.cli.display import CountDisplay
    from googlenet.cli.plan import Request, new_plan
    from googlenet.cli.sources import remarks
    from googlenet.files import current_folder, recreate_folder, write_atomically
    from googlenet.recipes import recipe_from_dict
    from googlenet.runs import RunFolder

    try:
        from googlenet.engines.torch_engine import choose_device
        from googlenet.training import TrainingJob
        from googlenet.training.rate_curve import draw_rate_curve
        from googlenet.training.rate_search import search_rate
    except ModuleNotFoundError as error:
        raise MissingExtraError("torch", extra="train", purpose="trying learning rates") from error
    if not 0 < lowest < highest:
        raise InputError(f"--lowest is {lowest:g} and --highest is {highest:g}: both must be above 0 and ascending")
    if out.suffix != ".png":
        raise InputError(f"--out is {out}: the plot is a PNG file, so its name must end in .png")
    if not out.parent.is_dir():
        raise InputError(f"cannot write {out}: the folder {out.parent} does not exist")
    current = current_folder()
    plan = new_plan(Request(data, recipe, tuple(settings or ()), None, seed, None, None, start))
    dataset = plan.open_dataset()
    warn(*remarks(dataset, dataset.splits["train"]))
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
    picture = io.BytesIO()
    draw_rate_curve(curve, title=f"{job.recipe.variant} on {job.dataset.name}").save(picture, "PNG")
    recreate_folder(out.parent, current)  # it existed at the start, but may have been deleted since
    write_atomically(out, picture.getvalue())
    if as_json:
        fields = {"learning_rate": curve.suggestion, "turning": curve.turning, "out": str(out)}
        say_json(fields | {"rates": curve.rates, "losses": curve.losses})
        return
    report(
        f"suggested: --set learning_rate={curve.suggestion:g} (the loss is lowest at {curve.turning:.2g}; "
        f"the recipe {plan.recipe} uses {job.recipe.learning_rate:g}); plot: {out}"
    )
