"""`googlenet predict`: classifies pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.options import DeviceOption, EngineOption, ThreadsOption
from googlenet.cli.terminal import complain, report, say, say_json, warn
from googlenet.errors import EXIT_FINDINGS, EXIT_INTERRUPTED, InputError
from googlenet.quantities import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from googlenet.classifier import Prediction
    from googlenet.model import ClassLabel
    from googlenet.predictions import Columns

NOTES_SHOWN = 3


def predict_command(
    model: Annotated[str, Argument(help="A model file, a run folder, an exported file, or bvlc.")],
    paths: Annotated[
        list[str],
        Argument(help="Pictures, folders, tars (also https://), globs; - reads a list on standard input."),
    ],
    top: Annotated[int, Option(least=1, help="How many classes to print.")] = 5,
    as_json: Annotated[bool, Option(name="--json", help="Print one line of JSON per picture.")] = False,
    output: Annotated[
        Path | None, Option(help="Write one row per picture to FILE.csv, FILE.jsonl or FILE.parquet.")
    ] = None,
    resume: Annotated[bool, Option(help="Continue an interrupted --output; pictures in it are skipped.")] = False,
    force: Annotated[bool, Option(help="Replace an existing --output.")] = False,
    shard: Annotated[
        str | None,
        Option(help="Predict only share I of N, for N processes; `googlenet merge` joins them.", metavar="I/N"),
    ] = None,
    embeddings: Annotated[bool, Option(help="Also write each picture's features, for `googlenet similar`.")] = False,
    crops: Annotated[int, Option(help="Crops per picture to average over: 1, 10 or 144.")] = 1,
    batch_size: Annotated[int, Option(least=1, help="Crops per batch.")] = 16,
    engine: EngineOption = None,
    threads: ThreadsOption = None,
    device: DeviceOption = None,
) -> None:
    """Classify pictures: the top 5 classes with their probabilities.

    A picture that cannot be read gets an error in its place; the others are classified, and the exit code is 1. Output
    is written to FILE.partial, which is renamed to FILE when complete; --resume continues either. CSV is for
    spreadsheets; JSON lines and Parquet are for programs, and for --embeddings.

    With --shard 3/8, every eighth picture from the third on is predicted, into FILE-00003-of-00008.csv; all eight
    processes must be given the same pictures.

    Example: googlenet predict bvlc photo.jpg
    """
    from googlenet.classifier import Classifier
    from googlenet.cli.display import CountDisplay
    from googlenet.cli.model_identity import check_has_features, identify_model
    from googlenet.cli.resuming import check_same_answers
    from googlenet.cli.sources import count_sources, expand_sources, ignored_sentence
    from googlenet.images import picture_name
    from googlenet.predictions import (
        ExistingOutput,
        Listing,
        Shard,
        check_output,
        open_predictions,
        partial_path,
        read_existing,
        remove_shard_note,
        take_shard,
        write_shard_note,
    )

    if resume and output is None:
        raise InputError("--resume needs --output FILE, the file to continue")
    if force and output is None:
        raise InputError("--force needs --output FILE, the file to replace")
    if resume and force:
        raise InputError("--resume and --force contradict each other; give one of them")
    if embeddings and output is None and not as_json:
        raise InputError("--embeddings needs --output FILE or --json")
    part = Shard.parse(shard) if shard is not None else None
    if part is not None and output is not None:
        output = part.path(output)
    if output is not None:
        check_output(output, features=embeddings, force=force or resume)
    existing = read_existing(output) if output is not None and resume else ExistingOutput()
    if embeddings:
        check_has_features(model)
    identity = identify_model(model) if embeddings or output is not None else None
    note = {} if identity is None else identity.as_row() | {"crops": crops}
    classifier = Classifier.load(model, engine=engine, device=device, threads=threads)
    if existing.file is not None:
        check_same_answers(existing, classifier, top=top, crops=crops, note=note, embeddings=embeddings)
    display = CountDisplay("predicted", already=existing.rows)
    total = count_sources(paths) if display.on and output is not None else None
    done, bad, notes = existing.rows, existing.bad, 0
    left_out: dict[str, list[str]] = {}
    named = ((picture_name(one, 0), one) for one in expand_sources(paths, left_out))
    listing = Listing()
    if part is not None:
        new = take_shard(named, part, listing, existing)
        total = None if total is None else part.size(total)
    else:
        new = (one for name, one in named if name not in existing.names)
    columns = columns_for(classifier.classes, top=top)
    if part is not None and output is not None:
        remove_shard_note(output)
    try:
        with open_predictions(output, existing=existing, note=note, columns=columns) as write:
            for prediction in classifier.predict(new, top=top, batch=batch_size, crops=crops, features=embeddings):
                row = prediction.to_dict()
                if embeddings and identity is not None:
                    row |= {"embedding": row.get("embedding")} | identity.as_row()  # null for an unreadable picture
                write(row)
                done += 1
                bad += prediction.error is not None
                if as_json:
                    say_json(row, indent=None)
                elif output is None:
                    say(*_lines(prediction))
                notes += prediction.note is not None
                if prediction.note is not None and notes <= NOTES_SHOWN:
                    display.close()
                    warn(f"{prediction.image}: note: {prediction.note}")
                if output is not None:
                    display(done, total)
    except KeyboardInterrupt:
        display.close()
        if output is not None and done:
            complain(f"interrupted: {partial_path(output)} has {count(done, 'row')}; use --resume to continue")
            raise SystemExit(EXIT_INTERRUPTED) from None
        raise
    finally:
        display.close()
    if part is not None and output is not None and identity is not None:
        write_shard_note(output, part, listing, identity, crops=crops, embeddings=embeddings, columns=columns)
    if output is not None and not as_json:
        before = f" ({existing.rows:,} already done)" if existing.rows else ""
        report(f"{count(done, 'picture')}{before}, {bad:,} unreadable: {output}")
    if notes > NOTES_SHOWN:
        warn(f"{count(notes - NOTES_SHOWN, 'more picture has', 'more pictures have')} a similar note")
    if ignored := ignored_sentence(left_out, output=output):
        warn(ignored)
    if bad:
        raise SystemExit(EXIT_FINDINGS)


def columns_for(classes: Sequence[ClassLabel], *, top: int = 5, true_class: bool = False) -> Columns:
    """The columns of a CSV file of a model's predictions; names only where they differ from the labels."""
    from googlenet.predictions import Columns

    return Columns(min(top, len(classes)), any(one.id != one.name for one in classes), true_class)


def _lines(prediction: Prediction) -> list[str]:
    if prediction.error is not None:
        return [f"{prediction.image}: error: {prediction.error}"]
    lines = [f"{prediction.image}: {prediction.best.name}"]
    for one in prediction.ranking:
        label = "" if one.label == one.name else f"  ({one.label})"
        lines.append(f"  {one.probability:7.2%}  {one.name}{label}")
    return lines
