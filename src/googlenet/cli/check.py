"""`googlenet check`: what is wrong with the pictures, their classes and their splits, before they are trained on."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.options import EngineOption, ThreadsOption
from googlenet.cli.terminal import say, say_json, warn
from googlenet.errors import EXIT_FINDINGS, InputError
from googlenet.quantities import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from googlenet.checks import CheckResult
    from googlenet.cli.display import CountDisplay
    from googlenet.dataset import Dataset, ExcludeSection

EXCLUDE = Path("exclude.txt")
EXAMPLES = 3  # findings of each kind that are printed
PATHS = 4  # of one finding


def check_command(
    data: Annotated[str, Argument(help="A folder of class folders, tars ('shards/*.tar'), or an embedded set.")],
    model: Annotated[
        str | None, Option(help="Also look for wrong labels, with the features of this model (bvlc, a file, a run).")
    ] = None,
    report: Annotated[Path | None, Option(metavar="FILE.html", help="Write the findings with pictures.")] = None,
    exclude: Annotated[
        Path | None, Option(metavar="FILE", help="Leave out the pictures listed here, as train --exclude does.")
    ] = None,
    output: Annotated[
        Path, Option(metavar="FILE", help="Where to list the pictures that a training should leave out.")
    ] = EXCLUDE,
    as_json: Annotated[bool, Option(name="--json", help="Print JSON.")] = False,
    engine: EngineOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Check the pictures of a dataset: unreadable, rotated, dark, tiny, duplicate, in two classes, in two splits.

    Nothing is deleted. Pictures that a training should leave out are listed in exclude.txt, for train --exclude; a list
    that you have edited is not overwritten. The exit code is 1 if anything was found.

    Example: googlenet check photos/ --model bvlc --report check.html
    """
    from googlenet.artifacts import open_model
    from googlenet.checks import exclude_sections, find
    from googlenet.dataset import ExcludeSection, describe_exclusion, open_dataset, read_exclude
    from googlenet.pretrained import find_model

    if report is not None:
        from googlenet.report import check_page

        check_page(report)  # before the pictures are read, not after
    dataset = open_dataset(data, split_rule=None)
    before = frozenset[str]() if exclude is None else read_exclude(exclude)
    if before:
        (warn if as_json else say)(describe_exclusion(dataset, before))
        dataset = dataset.without(before)
    loaded = None if model is None else open_model(find_model(model))
    progress = _Progress()
    result = find(dataset, model=loaded, engine=engine, threads=threads, on_progress=progress)
    sections = exclude_sections(result)
    if sections and before:
        sections.insert(0, ExcludeSection(f"listed in {exclude} before", tuple(sorted(before))))
    listed = _write_list(output, sections, result.data)
    command = (
        None
        if listed.file is None
        else f"googlenet train {shlex.quote(data)} --exclude {shlex.quote(str(listed.file))}"
    )
    if as_json:
        say_json(result.to_dict() | {"exclude": listed.to_dict()})
    else:
        say(*_lines(result, dataset), *_advice(output, listed, command))
    if report is not None:
        from googlenet.report import write_check_report

        write_check_report(result, dataset, report, command=command)
        if not as_json:
            say(f"report: {report}")
    if result.findings:
        raise SystemExit(EXIT_FINDINGS)


@dataclass(frozen=True, slots=True)
class _List:
    """The list of pictures to leave out: its `file`, None if there is none; how many are in it, how many suggested."""

    file: Path | None
    pictures: int
    suggested: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"file": None if self.file is None else str(self.file)}


class _Progress:
    """A live line for each thing that is done to the pictures."""

    def __init__(self) -> None:
        self._displays: dict[str, CountDisplay] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        from googlenet.cli.display import CountDisplay

        if what not in self._displays:
            self._displays[what] = CountDisplay(what)
        self._displays[what](done, total)


def _lines(result: CheckResult, dataset: Dataset) -> Iterator[str]:
    from googlenet.checks import KINDS, SPLIT_ORDER

    named = [split for split in SPLIT_ORDER if split in dataset.splits and split != "all"]
    splits = ", ".join(f"{split} {len(dataset.splits[split]):,}" for split in named)
    classes = count(result.classes, "class", "classes")
    yield f"pictures  {result.pictures:,} in {classes}{f' ({splits})' if splits else ''}"
    if ignored := dataset.ignored.sentence():
        yield ignored
    if not result.findings:
        yield "nothing found"
        return
    counts = Counter(one.severity for one in result.findings)
    yield "found     " + ", ".join(
        count(counts[severity], severity) for severity in ("error", "warning", "note") if counts[severity]
    )
    for kind, rows in result.by_kind().items():
        yield ""
        yield f"{kind}  {len(rows):,}  {KINDS[kind].meaning}"
        for one in rows[:EXAMPLES]:
            more = f" and {len(one.paths) - PATHS:,} more" if len(one.paths) > PATHS else ""
            paths = ", ".join(one.paths[:PATHS]) + more
            yield f"  {paths}: {one.detail}" if paths else f"  {one.detail}"
        if len(rows) > EXAMPLES:
            yield f"  ... and {len(rows) - EXAMPLES:,} more; --json and --report list them all"


def _write_list(output: Path, sections: Sequence[ExcludeSection], data: str) -> _List:
    """Write the pictures to leave out; a list that cannot be written is a warning, because the findings matter more."""
    from googlenet.dataset import write_exclude

    file = None
    if sections:
        heading = f"Pictures of {data} to leave out: googlenet train DATA --exclude {output.name}"
        try:
            file = write_exclude(output, sections, heading=heading)
        except InputError as error:
            warn(f"warning: {error}; --output FILE writes the list elsewhere")
    return _List(
        file,
        sum(len(section.names) for section in sections if not section.suggested),
        sum(len(section.names) for section in sections if section.suggested),
    )


def _advice(output: Path, listed: _List, command: str | None) -> Iterator[str]:
    """Where the list is, and how to use it."""
    if listed.file is None:
        return
    yield ""
    if listed.file != output:
        yield f"{output} is another file, or was edited, and stays as it is"
    maybe = f", and {listed.suggested:,} suggested for you to decide" if listed.suggested else ""
    yield f"{count(listed.pictures, 'picture')} to leave out{maybe}: {listed.file}"
    yield f"  {command}"
