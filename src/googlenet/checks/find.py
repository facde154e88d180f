"""`find`: all checks of a dataset; `quick_findings`: those that `train` runs before it begins."""

from __future__ import annotations

from collections.abc import Iterable

from googlenet.artifacts import AnyModel
from googlenet.checks.class_findings import class_findings
from googlenet.checks.duplicates import Hashes, duplicate_findings
from googlenet.checks.finding import CheckResult, Finding
from googlenet.checks.kinds import KINDS, finding, in_order
from googlenet.checks.observation import observe
from googlenet.checks.picture_findings import PICTURE_CHECKS, extreme_sizes, merge_common
from googlenet.checks.pictures import OnProgress, Pictures
from googlenet.checks.same_files import same_file_findings
from googlenet.checks.suspect_labels import suspect_label_findings
from googlenet.dataset import Dataset, FolderSource, ShardSource, TarSource, quote_names
from googlenet.parallel import DEFAULT_WORKERS, map_in_order


def find(
    dataset: Dataset,
    *,
    model: AnyModel | None = None,
    engine: str | None = None,
    threads: int | None = None,
    on_progress: OnProgress | None = None,
    workers: int = DEFAULT_WORKERS,
) -> CheckResult:
    """Read every picture of a dataset and check everything; what needs a model only with `model`, run by `engine`.

    Memory grows by the hashes of each picture, 33 bytes (with a model by its features, 4 KB); pictures with close
    hashes are read a second time. Raises InputError for an engine that cannot run the model, or has no features.
    """
    pictures = Pictures(dataset)
    hashes = Hashes.of(len(pictures))
    found: list[Finding] = []
    observations = map_in_order(lambda index: observe(*pictures.locate(index)), range(len(pictures)), workers=workers)
    for index, seen in enumerate(observations):
        name = pictures.name(index)
        hashes.keep(index, seen)
        details = ((kind, check(name, seen)) for kind, check in PICTURE_CHECKS.items())
        found += [finding(kind, [name], detail) for kind, detail in details if detail]
        if on_progress:
            on_progress("checked", index + 1, len(pictures))
    found = merge_common(found + extreme_sizes(pictures, hashes.sizes), len(pictures))
    found += duplicate_findings(pictures, hashes) + class_findings(dataset)
    if model is not None:
        found += suspect_label_findings(
            pictures, hashes.good, model, engine=engine, threads=threads, on_progress=on_progress
        )
    return _result(dataset, found)


def quick_findings(dataset: Dataset) -> tuple[Finding, ...]:
    """What can be said in seconds: from names, numbers of pictures, and files of equal size that are copies."""
    return in_order([*class_findings(dataset), *same_file_findings(Pictures(dataset))])


def quick_lines(dataset: Dataset) -> list[str]:
    """A line for each kind of `quick_findings`, for `train` to print."""
    return [_line(rows) for rows in _result(dataset, quick_findings(dataset)).by_kind().values()]


def _line(rows: list[Finding]) -> str:
    first = rows[0]
    example = f" ({quote_names(first.paths, 2)})" if KINDS[first.kind].cost == "files" else ""
    more = f"; {len(rows) - 1:,} more, which googlenet check lists" if len(rows) > 1 else ""
    return f"{first.severity}: {first.kind}: {first.detail}{example}{more}"


def _result(dataset: Dataset, found: Iterable[Finding]) -> CheckResult:
    source = next(iter(dataset.splits.values())).source
    match source:
        case FolderSource():
            data = str(source.root)
        case TarSource():
            data = str(source.path)
        case ShardSource():
            data = source.data
        case _:
            data = dataset.name
    return CheckResult(data, sum(map(len, dataset.splits.values())), len(dataset.classes), in_order(found))
