"""Images a second and peak memory of a training step, beside torchvision's: batch 32, at 224 and 128 px.

Every case runs in a process of its own, in alternating rounds; medians of the rounds and ratios are printed.
Run: make bench-cost
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from machine import describe_machine

BATCH = 32
NETWORKS = (
    "torchvision",
    "torchvision with auxiliary classifiers",
    "paper",
    "batchnorm",
    "batchnorm without auxiliary classifiers",
)


def step_function(network_name: str, input_size: int) -> Callable[[], None]:
    """One update of a network on a fixed batch."""
    import torch
    import torch.nn.functional as F

    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 10, (BATCH,), generator=generator)
    if network_name.startswith("torchvision"):
        from torchvision.models import googlenet

        auxiliary_classifiers = network_name != "torchvision"
        peer = googlenet(weights=None, num_classes=10, aux_logits=auxiliary_classifiers, init_weights=False)
        peer = peer.to(memory_format=torch.channels_last).train()
        sgd = torch.optim.SGD(peer.parameters(), 0.01, 0.9, weight_decay=1e-4)
        images = torch.randn(BATCH, 3, input_size, input_size, generator=generator).to(
            memory_format=torch.channels_last
        )

        def peer_step() -> None:
            outputs = peer(images)
            losses = [F.cross_entropy(output, labels) for output in (outputs if auxiliary_classifiers else [outputs])]
            sgd.zero_grad(set_to_none=True)
            (losses[0] + 0.3 * sum(losses[1:])).backward()
            sgd.step()

        return peer_step

    from googlenet.architecture import ArchitectureSpec, build_architecture
    from googlenet.network import GoogLeNet
    from googlenet.recipes import Recipe
    from googlenet.training.optimizer import build_optimizer
    from googlenet.training.step import StepSettings, train_step

    spec = ArchitectureSpec(network_name.split()[0], 10, adaptive_auxiliary_pooling=True)
    network = GoogLeNet(build_architecture(spec), auxiliaries="without" not in network_name).train()
    recipe = Recipe()
    optimizer, preprocessing = build_optimizer(network, recipe), recipe.preprocessing()
    pixels = torch.randint(0, 256, (BATCH, input_size, input_size, 3), generator=generator, dtype=torch.uint8)
    settings = StepSettings(0.0, 0.3)

    def step() -> None:
        train_step(network, optimizer, pixels, labels, preprocessing=preprocessing, settings=settings)

    return step


def measure(network_name: str, input_size: int, steps: int) -> dict[str, float]:
    """Images a second (median step) and peak memory in MB of this process."""
    step = step_function(network_name, input_size)
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"images_per_second": BATCH / statistics.median(times[2:]), "peak_megabytes": peak}


def main() -> None:
    """Measure all networks in alternating rounds, or one of them as a child process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=2, metavar=("NETWORK", "SIDE"))
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one[0], int(arguments.one[1]), arguments.steps)))
        return
    print(describe_machine())
    for input_size in (224, 128):
        results: dict[str, list[dict[str, float]]] = {name: [] for name in NETWORKS}
        for _ in range(arguments.rounds):
            for name in NETWORKS:
                command = [sys.executable, __file__, "--one", name, str(input_size), "--steps", str(arguments.steps)]
                text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                results[name].append(json.loads(text))
        base = statistics.median(round_["images_per_second"] for round_ in results["torchvision"])
        for name, rounds in results.items():
            rate = statistics.median(round_["images_per_second"] for round_ in rounds)
            peak = statistics.median(round_["peak_megabytes"] for round_ in rounds)
            print(f"{input_size} px  {name:<38} {rate:6.1f} images/s  {rate / base:5.2f}x  {peak:6.0f} MB", flush=True)


if __name__ == "__main__":
    main()
