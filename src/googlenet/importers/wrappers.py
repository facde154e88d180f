"""Removes what training code adds to a state dict: dictionaries around it, prefixes of names; and reports it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from googlenet.importers.state_dict import StateDict

WRAPPERS = {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
"""Parts that torch.compile, FSDP and activation checkpointing insert into names."""

AVERAGED = {"ema", "averaged", "swa"}
"""Words in the keys of a checkpoint that mean averaged weights, usually those that were validated."""

LONGEST_NAME = 6  # parts between dots; more than in any name of a supported network


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A network's state dict by that network's own names, and sentences about what was removed."""

    network: str
    state: StateDict
    notes: tuple[str, ...]


def unwrap(states: Mapping[str, StateDict], networks: Mapping[str, Collection[str]]) -> Unwrapped | None:
    """Find a known network in the state dicts of a file, given by the path of keys to each.

    `networks`: the tensor names of each known network; it is recognized if more than half of a state dict's names
    match, after any common prefix. Averaged weights are preferred, then the first state dict. None if no network is
    found.
    """
    places = sorted(states, key=lambda place: AVERAGED.isdisjoint(re.split(r"[\W_]", place.lower())))
    for place in places:
        if found := _without_prefix(states[place], networks):
            others = ", ".join(ascii(other) for other in states if other != place)
            instead = f", not {others}" if others else ""
            from_where = (f"the state dict is the file's {place!a}{instead}",) if place else ()
            return Unwrapped(found.network, found.state, (*from_where, *found.notes))
    return None


def _without_prefix(state: StateDict, networks: Mapping[str, Collection[str]]) -> Unwrapped | None:
    plain = {".".join(part for part in name.split(".") if part not in WRAPPERS): name for name in state}
    if len(plain) < len(state):  # two names would become the same
        plain = {name: name for name in state}
    fitting: Counter[tuple[str, str]] = Counter()
    for name in plain:
        parts = name.split(".")
        for length in range(1, min(len(parts), LONGEST_NAME) + 1):
            own = ".".join(parts[-length:])
            fitting.update((network, name.removesuffix(own)) for network, names in networks.items() if own in names)
    (network, prefix), count = max(fitting.items(), key=lambda item: item[1], default=(("", ""), 0))
    if 2 * count <= len(state):
        return None
    inside = {name.removeprefix(prefix): state[old] for name, old in plain.items() if name.startswith(prefix)}
    return Unwrapped(network, inside, _notes(prefix, plain))


def _notes(prefix: str, plain: Mapping[str, str]) -> tuple[str, ...]:
    """Sentences about what was removed; `plain`: new name -> name in the file."""
    wrappers = [part for part in WRAPPERS if any(part in old.split(".") for name, old in plain.items() if name != old)]
    removed = ", ".join(ascii(f"{part}.") for part in (prefix.removesuffix("."), *sorted(wrappers)) if part)
    notes = [f"{removed} was removed from the names: added by training code"] if removed else []
    if outside := [ascii(old) for name, old in plain.items() if not name.startswith(prefix)]:
        notes.append(f"tensors outside of {prefix!a} were skipped: {', '.join(outside[:3])} ({len(outside)} in all)")
    return tuple(notes)
