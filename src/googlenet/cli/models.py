"""`googlenet models`: the pretrained weights that are known by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from googlenet.cli.arguments import Option
from googlenet.cli.terminal import say, say_json

if TYPE_CHECKING:
    from googlenet.pretrained import Published


def models_command(as_json: Annotated[bool, Option(name="--json", help="Print JSON.")] = False) -> None:
    """List the pretrained weights: included ones work as MODEL everywhere, others need `googlenet import`.

    Example: googlenet models
    """
    from googlenet.pretrained import CATALOGUE

    rows = {name: model_row(published) for name, published in CATALOGUE.items()}
    if as_json:
        say_json(rows)
        return
    for name, row in rows.items():
        say(f"{name:<12} {row['purpose']}")
        say(f"{'':<12} {_place(name, row)}; {row['classes']:,} classes; licence: {row['licence']}")
        if scores := row["scores"]:
            say(f"{'':<12} top-1 {scores['top1']:.1%}, top-5 {scores['top5']:.1%} ({scores['split']}, {scores['by']})")


def model_row(published: Published) -> dict[str, Any]:
    """What is known about named weights, as JSON; sizes in 10^6 bytes, a shipped file's as installed."""
    from googlenet.pretrained import is_fetched

    shipped = published.shipped_path
    return {
        "purpose": published.purpose,
        "classes": published.classes,
        "licence": published.licence,
        "scores": published.scores,
        "address": published.address,
        published.algorithm: published.digest,
        "published_megabytes": published.megabytes,
        "shipped": shipped is not None,
        "shipped_megabytes": None if shipped is None else round(shipped.stat().st_size / 1e6, 1),
        "fetched": is_fetched(published),
    }


def _place(name: str, row: dict[str, Any]) -> str:
    published = f"{row['published_megabytes']} MB"
    fetched = f"{published}, fetched" if row["fetched"] else f"`googlenet import {name}` fetches {published}"
    return f"ships in half precision, {row['shipped_megabytes']} MB ({fetched})" if row["shipped"] else fetched
