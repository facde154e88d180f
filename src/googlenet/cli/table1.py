"""`googlenet table1`: the paper's Table 1, computed and as printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from googlenet.architecture import VARIANTS, ArchitectureSpec, network_cost
from googlenet.architecture.cost import NetworkCost, RowCost, cost_to_dict
from googlenet.cli.arguments import Option
from googlenet.cli.columns import aligned
from googlenet.cli.terminal import say, say_json
from googlenet.errors import InputError

HEADER = ("layer", "type", "output", "depth", "params", "printed", "multiply-adds", "printed")
UNMET = " *"


def table1_command(
    variant: Annotated[str, Option(help=f"One of {', '.join(VARIANTS)}.")] = "paper",
    as_json: Annotated[bool, Option(name="--json", help="Print JSON.")] = False,
    markdown: Annotated[bool, Option(help="Print a Markdown table.")] = False,
) -> None:
    """Print Table 1 of the paper, computed from the network, next to the printed figures.

    Example: googlenet table1 --variant batchnorm
    """
    if as_json and markdown:
        raise InputError("--json and --markdown contradict each other; give one of them")
    ArchitectureSpec(variant)  # raises for an unknown variant, with a suggestion
    cost = network_cost(VARIANTS[variant].build())
    if as_json:
        say_json(cost_to_dict(cost))
    else:
        say(*_lines(variant, cost, markdown=markdown))


def _lines(variant: str, cost: NetworkCost, *, markdown: bool) -> list[str]:
    rows = [HEADER, *(_cells(row) for row in cost.rows)]
    table = _markdown_table(rows) if markdown else _text_table(rows)
    totals = [
        f"{variant}: {VARIANTS[variant].purpose}; input {cost.input_size}x{cost.input_size}, {cost.classes:,} classes",
        f"parameters                        {cost.parameters:,}",
        f"parameters with auxiliary classifiers  {cost.parameters_with_auxiliary:,}",
        f"multiply-adds                     {cost.multiply_adds:,}",
        f"layers with weights, in depth     {cost.depth}",
    ]
    note = [
        "* The printed cell is met by no reading of the table: with or without biases, rounded down or up,",
        "  K = 1,024 parameters, M = 1,000,000 multiply-adds.",
    ]
    unmet = any(UNMET in cell for row in rows for cell in row)
    return [*table, "", *([f"    {line}" for line in totals] if markdown else totals), *(["", *note] if unmet else [])]


def _cells(row: RowCost) -> tuple[str, ...]:
    return (
        row.name,
        row.kind,
        row.output + (UNMET if row.output_met is False else ""),
        str(row.depth),
        f"{row.parameters:,}" if row.parameters else "",
        _printed(row.printed_parameters, row.parameters_met),
        f"{row.multiply_adds:,}" if row.multiply_adds else "",
        _printed(row.printed_multiply_adds, row.multiply_adds_met),
    )


def _printed(text: str | None, met: bool | None) -> str:
    return "" if text is None else text + (UNMET if met is False else "  ")


def _text_table(rows: Sequence[Sequence[str]]) -> list[str]:
    lines = aligned(rows, text_columns=3)
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def _markdown_table(rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(cell.strip().replace("*", r"\*") for cell in row) + " |" for row in rows]
    return [lines[0], "|---" * len(HEADER) + "|", *lines[1:]]
