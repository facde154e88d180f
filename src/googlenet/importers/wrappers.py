"""What training code wraps a state dict in: dictionaries around it, prefixes on its names. Taken off, and said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from googlenet.importers.state_dict import StateDict

WRAPPERS = {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
"""What torch.compile, FSDP and activation checkpointing put into names, before any part of them."""

AVERAGED = {"ema", "averaged", "swa"}
"""Words in the keys of a checkpoint that mean averaged weights, which are those that were validated."""

LONGEST_NAME = 6  # parts between dots, more than any name of a network that is imported has


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A network's state dict by that network's own names, and in sentences what was taken off."""

    network: str
    state: StateDict
    told: tuple[str, ...]


def unwrap(states: Mapping[str, StateDict], networks: Mapping[str, Collection[str]]) -> Unwrapped | None:
    """Find a network in the state dicts of a file, which are named by the keys that lead to them.

    `networks`: the names of the tensors of each network that is known. It is the one that most of a state dict's names
    belong to, behind whatever prefix. Of several state dicts it is the first, averaged weights before others. None
    where no network is found.
    """
    places = sorted(states, key=lambda place: AVERAGED.isdisjoint(re.split(r"[\W_]", place.lower())))
    for place in places:
        if found := _without_prefix(states[place], networks):
            others = ", ".join(ascii(other) for other in states if other != place)
            instead = f", not {others}" if others else ""
            from_where = (f"the state dict is the file's {place!a}{instead}",) if place else ()
            return Unwrapped(found.network, found.state, (*from_where, *found.told))
    return None


def _without_prefix(state: StateDict, networks: Mapping[str, Collection[str]]) -> Unwrapped | None:
    plain = {".".join(part for part in name.split(".") if part not in WRAPPERS): name for name in state}
    if len(plain) < len(state):  # two names would become one
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
    return Unwrapped(network, inside, _told(prefix, plain))


def _told(prefix: str, plain: Mapping[str, str]) -> tuple[str, ...]:
    """What was taken off names that are `plain` now, each with what it was in the file."""
    wrappers = [part for part in WRAPPERS if any(part in old.split(".") for name, old in plain.items() if name != old)]
    removed = ", ".join(ascii(f"{part}.") for part in (prefix.removesuffix("."), *sorted(wrappers)) if part)
    told = [f"{removed} in the names is what training code has added: taken off"] if removed else []
    if outside := [ascii(old) for name, old in plain.items() if not name.startswith(prefix)]:
        told.append(f"tensors outside of {prefix!a} are left out: {', '.join(outside[:3])} ({len(outside)} in all)")
    return tuple(told)
