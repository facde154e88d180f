"""One self-contained HTML file: the templates, the style and the script that every page of this package shares.

A page is a template of `templates/` that extends `base.html.j2`. It loads nothing from anywhere: a policy in the page
forbids it, and only the script whose sum stands in the policy runs, so that a class name that got past the escaping
could still do nothing.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from googlenet.errors import MissingExtraError
from googlenet.files import check_can_write
from googlenet.machine import installed_version
from googlenet.printable import printable
from googlenet.quantities import count

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
EXTRA = "report"


def render(template: str, **data: Any) -> str:
    """The page that `template` makes of `data`; every text in it is escaped, and made printable as on a terminal.

    `data` needs what `base.html.j2` names at its head. Raises MissingExtraError without the extra `report`.
    """
    return _environment().get_template(template).render(**data)


def check_installed() -> None:
    """Raise MissingExtraError, which names the command that installs it, without what reports and charts need."""
    for package in ("jinja2", "matplotlib"):
        try:
            import_module(package)
        except ModuleNotFoundError as error:
            raise MissingExtraError(package, extra=EXTRA, purpose="a report") from error


def check_page(path: Path) -> None:
    """Raise MissingExtraError or InputError, before long work, if a page cannot be written to `path`."""
    check_installed()
    check_can_write(path, what="the report is an HTML file", suffixes=(".html", ".htm"))


@cache
def _environment() -> Environment:
    check_installed()
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) or not isinstance(value, str) else printable(value),
    )
    style, script = (Markup((TEMPLATES / name).read_text(encoding="utf-8")) for name in ("style.css", "page.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment.globals |= {
        "style": style,
        "script": script,
        "script_sum": f"sha256-{digest}",
        "version": installed_version("googlenet"),
    }
    environment.filters |= {"percent": percent, "count": count}
    return environment


def percent(share: float | None, digits: int = 1) -> str:
    """A share as people read it: 0.934 -> "93.4%"; a dash for None."""
    return "\N{EN DASH}" if share is None else f"{share:.{digits}%}"
