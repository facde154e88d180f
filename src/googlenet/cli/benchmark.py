"""`googlenet benchmark`: speed and size of every engine on this machine, compared with other programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.columns import aligned
from googlenet.cli.options import ThreadsOption
from googlenet.cli.terminal import say, say_json, show_live

if TYPE_CHECKING:
    from googlenet.benchmarking import Comparison, Measurement, Timing
    from googlenet.machine import Machine

HEADINGS = ("engine", "precision", "kind", "median", "p95", "images/s", "memory", "file", "ratio")
UNITS = ("", "", "", "ms", "ms", "", "MB", "MB", "")
TEXT_COLUMNS = 3  # left-aligned columns; numbers are right-aligned


def benchmark_command(
    model: Annotated[str, Argument(help="A model file, a run folder, an exported file, or bvlc.")] = "bvlc",
    as_json: Annotated[bool, Option(name="--json", help="Print JSON.")] = False,
    rounds: Annotated[int, Option(least=1, help="Rounds of each engine.")] = 10,
    batch: Annotated[int, Option(least=1, help="Batch size, for images/s.")] = 16,
    input_size: Annotated[int | None, Option(least=1, help="Input size in px; default: the model's.")] = None,
    threads: ThreadsOption = None,
) -> None:
    """Time every installed engine and other programs, in alternating rounds, each in its own process.

    Peers run the same network in float32; the ratio is the fastest peer's median latency divided by the engine's. An
    exported file is timed with the engines that can run it, without peers: it does not contain the plain graph that
    they need.

    Example: googlenet benchmark bvlc --rounds 5
    """
    import tempfile
    from pathlib import Path

    from googlenet.architecture import build_architecture, check_input_size
    from googlenet.artifacts import open_models
    from googlenet.benchmarking import Timing, candidates_of, compare, write_files
    from googlenet.machine import read_machine
    from googlenet.model import Model
    from googlenet.parallel import thread_count
    from googlenet.pretrained import find_model

    path = find_model(model)
    models = open_models([path])
    timing = Timing(input_size or models[0].preprocessing.input_size, thread_count(threads), rounds=rounds, batch=batch)
    for spec in (spec for one in models for spec in one.specs):
        check_input_size(build_architecture(spec), timing.input_size)
    candidates = candidates_of(models)
    machine = read_machine()
    if not as_json:
        say(str(machine))
        batches = f" and a batch of {batch}" if batch > 1 else ""
        say(
            f"{model}, {timing.input_size} px; threads: {timing.threads}; rounds: {rounds}, "
            f"each of {timing.pictures} single pictures{batches}"
        )
        sys.stdout.flush()
    present = [one for one in candidates if one.missing(machine.features) is None]
    with tempfile.TemporaryDirectory(prefix="googlenet-") as folder:
        kinds = dict.fromkeys(one.reads for one in present if one.reads is not None)
        files = write_files(path, [one for one in models if isinstance(one, Model)], Path(folder), kinds)
        del models
        comparison = compare(candidates, files, timing, features=machine.features, on_progress=_show_progress)
    if as_json:
        say_json(_fields(model, machine, timing, comparison))
    else:
        say(*_lines(comparison))


def _show_progress(done: int, total: int) -> None:
    """Show the rounds on standard error if it is a terminal; the line is cleared after the last one."""
    show_live(f"round {done} of {total}" if done < total else "")


def _fields(model: str, machine: Machine, timing: Timing, comparison: Comparison) -> dict[str, Any]:
    peer = comparison.fastest_peer
    return {
        "model": model,
        "processor": machine.processor,
        "cores": machine.cores,
        "features": list(machine.features),
        "threads": timing.threads,
        "input_size": timing.input_size,
        "rounds": timing.rounds,
        "pictures_a_round": timing.pictures,
        "batch": timing.batch,
        "fastest_peer": None if peer is None else peer.candidate.engine,
        "results": [_result(one, comparison) for one in comparison.measurements],
        "left_out": [
            {"engine": one.engine, "precision": one.precision, "peer": one.peer, "reason": reason}
            for one, reason in comparison.left_out.items()
        ],
    }


def _result(measured: Measurement, comparison: Comparison) -> dict[str, Any]:
    ratio, megabytes = comparison.ratio_to_fastest_peer(measured), measured.file_megabytes
    return {
        "engine": measured.candidate.engine,
        "precision": measured.candidate.precision,
        "peer": measured.candidate.peer,
        "same_network": measured.candidate.same_network,
        "latency_ms_median": round(measured.latency_ms_median, 3),
        "latency_ms_p95": round(measured.latency_ms_p95, 3),
        "images_per_second": round(measured.images_per_second, 2),
        "fastest_batch": measured.fastest_batch,
        "peak_megabytes": round(measured.peak_megabytes, 1),
        "file_megabytes": None if megabytes is None else round(megabytes, 2),
        "ratio_to_fastest_peer": None if ratio is None else round(ratio, 3),
    }


def _lines(comparison: Comparison) -> list[str]:
    """Return the table, fastest first, what was skipped and why, and a sentence about the fastest."""
    cells = [HEADINGS, UNITS, *(_cells(one, comparison) for one in comparison.measurements)]
    lines = aligned(cells, text_columns=TEXT_COLUMNS)
    lines += [f"skipped: {one}: {reason}" for one, reason in comparison.left_out.items()]
    return ["", *lines, "", _sentence(comparison)]


def _cells(measured: Measurement, comparison: Comparison) -> tuple[str, ...]:
    candidate, megabytes = measured.candidate, measured.file_megabytes
    ratio = comparison.ratio_to_fastest_peer(measured)
    return (
        candidate.engine,
        candidate.precision,
        "other" if not candidate.same_network else "peer" if candidate.peer else "",
        f"{measured.latency_ms_median:.1f}",
        f"{measured.latency_ms_p95:.1f}",
        f"{measured.images_per_second:.1f}",
        f"{measured.peak_megabytes:.0f}",
        "" if megabytes is None else f"{megabytes:.1f}",
        "" if ratio is None or not candidate.same_network else f"{ratio:.2f}",
    )


def _sentence(comparison: Comparison) -> str:
    """Say which engine is the fastest, and by how much; `other` networks do not count."""
    ours = [one for one in comparison.measurements if not one.candidate.peer]
    peer = comparison.fastest_peer
    if not ours:
        return "No googlenet engine could be timed."
    best = f"The fastest is {ours[0].candidate} with {ours[0].latency_ms_median:.1f} ms"
    if peer is None and any(one.peer for one in comparison.left_out):
        return f"{best}; no peer is installed to compare it with."
    if peer is None:
        return f"{best}; peers are not timed: an exported file does not contain the plain graph that they need."
    ratio = comparison.ratio_to_fastest_peer(ours[0])
    assert ratio is not None
    return f"{best}: {ratio:.2f} times as fast as the fastest peer, {peer.candidate.engine}."
