"""How long a training budget is on this machine.

A budget of N is the time torchvision's `googlenet` (no auxiliary classifiers, float32, channels-last, batch 32, 128 px)
needs for N training pictures here. Run: make bench-budget
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from machine import describe_machine

BATCH, SIDE = 32, 128
BUDGETS = (5_000, 20_000, 50_000, 60_000, 200_000)


def reference_rate(*, steps: int) -> float:
    """Training pictures/s of torchvision's googlenet: the median of single steps, without loading."""
    import torch
    from torchvision.models import googlenet

    network = googlenet(weights=None, aux_logits=False, init_weights=False, num_classes=10)
    network = network.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(network.parameters(), 0.01, 0.9, weight_decay=1e-4)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(BATCH, 3, SIDE, SIDE, generator=generator).to(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (BATCH,), generator=generator)
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(network(images), labels).backward()
        optimizer.step()
        times.append(time.perf_counter() - start)
    return BATCH / statistics.median(times[3:])


def main() -> None:
    """Measure and print the minutes of each budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("budgets", nargs="*", type=int, default=BUDGETS, help="pictures")
    parser.add_argument("--steps", type=int, default=40)
    arguments = parser.parse_args()
    rate = reference_rate(steps=arguments.steps)
    print(describe_machine())
    print(f"torchvision googlenet, {SIDE} px, batch {BATCH}: {rate:.1f} training pictures/s (median step)")
    for budget in arguments.budgets:
        print(f"budget {budget:>7,}: {budget / rate / 60:7.2f} minutes")


if __name__ == "__main__":
    main()
