"""What `--verbose` prints of every command before it begins, and the table of `googlenet help environment`."""

from __future__ import annotations

import os
import textwrap
from typing import Any

from googlenet.cli.terminal import detail
from googlenet.environment import VARIABLES


def tell_situation(verb: str, values: dict[str, Any]) -> None:
    """Print versions, the values of all options, and the environment variables that are set."""
    import platform

    from googlenet.cli.arguments import version_line

    given = ", ".join(f"{name}={_plain(value)}" for name, value in values.items())
    is_set = [f"{name}={os.environ[name]}" for name in VARIABLES if name in os.environ]
    detail(
        f"{version_line()}, Python {platform.python_version()}, {platform.system()} {platform.machine()}",
        f"{verb}: {given}",
        f"environment: {', '.join(is_set) or 'nothing set'}",
    )


def environment_lines() -> list[str]:
    """The table of environment variables, at most 80 columns wide."""
    width = max(map(len, VARIABLES)) + 2
    lines = ["Environment variables, and what applies where one is not set:", ""]
    for name, variable in VARIABLES.items():
        text = f"{variable.does} [{variable.default}]"
        lines += textwrap.wrap(f"{name:<{width}}{text}", 80, subsequent_indent=" " * width)
    return lines


def _plain(value: Any) -> str:
    return repr(value) if isinstance(value, (str, list)) else str(value)
