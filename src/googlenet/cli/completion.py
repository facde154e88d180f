"""`googlenet completion`, and the answers to a shell that asks for completions.

A shell that was told so by `googlenet completion SHELL` runs the command again at each Tab, with the line in its
environment. argcomplete reads it; here is what can stand in each place.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

from googlenet.cli.arguments import Argument, VerbParser, summary_of
from googlenet.cli.terminal import say


class Shell(Enum):
    """The shells that completion is for."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


def completion_command(shell: Annotated[Shell, Argument(help="bash, zsh or fish.", metavar="SHELL")]) -> None:
    """Print what a shell needs to complete commands, options, choices and files with Tab.

    Add a line to the file that your shell reads when it starts.

    bash, ~/.bashrc: eval "$(googlenet completion bash)"

    zsh, ~/.zshrc, below compinit: eval "$(googlenet completion zsh)"

    fish, ~/.config/fish/config.fish: googlenet completion fish | source

    Example: googlenet completion bash
    """
    from argcomplete.shell_integration import shellcode

    say(*shellcode(["googlenet"], shell=shell.value).splitlines())


def _models() -> Iterable[str]:
    from googlenet.pretrained import CATALOGUE

    return [name for name, published in CATALOGUE.items() if published.shipped_path is not None]


def _published() -> Iterable[str]:
    from googlenet.pretrained import CATALOGUE

    return CATALOGUE


def _recipes() -> Iterable[str]:
    from googlenet.recipes import RECIPES

    return RECIPES


def _settings() -> Iterable[str]:
    from googlenet.recipes import SETTINGS

    return [f"{name}=" for name in SETTINGS]


def _engines() -> Iterable[str]:
    from googlenet.engines.opening import ENGINES

    return ENGINES


def _embedded_sets() -> Iterable[str]:
    from googlenet.dataset import EMBEDDED

    return EMBEDDED


def _crops() -> Iterable[str]:
    from googlenet.images import CROPS

    return map(str, CROPS)


def _layers() -> Iterable[str]:
    from googlenet.architecture import PAPER, layer_names

    return layer_names(PAPER)


def _layers_and_figures() -> Iterable[str]:
    from googlenet.cli.figures import FIGURES

    return (*FIGURES, *_layers())


def _variants() -> Iterable[str]:
    from googlenet.architecture import VARIANTS

    return VARIANTS


@dataclass(frozen=True, slots=True)
class Choices:
    """What can stand in a place: words, and `files` if it may also be a path."""

    words: Callable[[], Iterable[str]]
    files: bool = False


PLACES: dict[str, Choices] = {
    **dict.fromkeys(("model", "models", "start"), Choices(_models, files=True)),
    **dict.fromkeys(("data", "calibrate", "evaluate_on"), Choices(_embedded_sets, files=True)),
    **dict.fromkeys(("recipe", "name"), Choices(_recipes)),
    "source": Choices(_published, files=True),
    "classes": Choices(lambda: ("imagenet",), files=True),
    "explain classes": Choices(tuple),
    "activations layers": Choices(_layers),
    "settings": Choices(_settings),
    "engine": Choices(_engines),
    "split": Choices(lambda: ("train", "val", "test", "all")),
    "fit": Choices(lambda: ("crop", "squash", "letterbox")),
    "crops": Choices(_crops),
    "device": Choices(lambda: ("cpu", "cuda", "mps")),
    "layer": Choices(_layers_and_figures),
    "variant": Choices(_variants),
}
"""By the name of a parameter, with the verb before it where only that one differs; in other places stand the values of
an Enum, nothing for a number, or files."""


def complete(verbs: Iterable[str], command_of: Callable[[str], Callable[..., Any]]) -> None:
    """Print the completions of the line that the shell has put into the environment, and exit."""
    import argcomplete

    typed = [word for word in os.environ.get("COMP_LINE", "").split()[1:] if word in (*verbs, "help")]
    parser = VerbParser("googlenet")
    parser.add_general_options()
    places = parser.add_subparsers()
    for verb in verbs:
        if not typed:
            places.add_parser(verb, help=summary_of(command_of(verb)).replace("%", "%%"))
        elif verb == typed[0]:
            _fill(places.add_parser(verb), verb, command_of(verb))
    topics = places.add_parser("help", help="Show the help of a command").add_argument("topic", help="A command.")
    topics.completer = lambda **_: [*verbs, "environment"]  # type: ignore[attr-defined]  # argcomplete's own attribute
    argcomplete.autocomplete(parser, always_complete_options=False)


def _fill(parser: VerbParser, verb: str, command: Callable[..., Any]) -> None:
    parser.add_verb(command)
    parser.add_general_options()
    for action in parser._actions:
        name = action.dest
        if name in parser.kinds and parser.kinds[name] is not bool:
            choices = PLACES.get(f"{verb} {name}") or PLACES.get(name) or _choices_of(parser.kinds[name])
            action.completer = _completer(choices)  # type: ignore[attr-defined]


def _completer(choices: Choices) -> Callable[..., list[str]]:

    def find(*, prefix: str, **_: Any) -> list[str]:
        return [*choices.words(), *(_files(prefix) if choices.files else ())]

    return find


def _choices_of(kind: type) -> Choices:
    words = [one.value for one in kind] if issubclass(kind, Enum) else []
    return Choices(lambda: words, files=not issubclass(kind, (Enum, int, float)))


def _files(prefix: str) -> Iterator[str]:
    """The files and folders whose paths begin with `prefix`; hidden ones only if it names them."""
    folder, start = os.path.split(prefix)
    try:
        with os.scandir(os.path.expanduser(folder) or os.curdir) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(start) and (start or not entry.name.startswith(".")):
            yield os.path.join(folder, entry.name) + ("/" if entry.is_dir() else "")
