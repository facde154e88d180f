"""The orthogonal update."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from googlenet.training.muon import COEFFICIENTS, Muon, orthogonal_kernel, orthogonalised


@given(rows=st.integers(1, 40), columns=st.integers(1, 40), seed=st.integers(0, 2**31))
def test_the_iteration_moves_each_singular_value_by_the_quintic_and_no_direction(
    rows: int, columns: int, seed: int
) -> None:
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    left, values, right = torch.linalg.svd(matrix / (matrix.norm() + 1e-7), full_matrices=False)
    a, b, c = COEFFICIENTS
    for _ in range(3):
        values = a * values + b * values**3 + c * values**5
    torch.testing.assert_close(orthogonalised(matrix, iterations=3), left @ torch.diag(values) @ right)


def test_five_iterations_push_all_singular_values_near_one() -> None:
    matrix = torch.randn(30, 90, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalised(matrix, iterations=5))
    assert values.min() > 0.6
    assert values.max() < 1.25


def test_a_kernel_is_treated_as_a_matrix_of_its_filters_whatever_its_layout_in_memory() -> None:
    kernel = torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    one = orthogonal_kernel(kernel)
    other = orthogonal_kernel(kernel.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(one, other)
    matrix = one.permute(0, 2, 3, 1).reshape(8, -1)
    expected = orthogonalised(kernel.permute(0, 2, 3, 1).reshape(8, -1))
    torch.testing.assert_close(matrix, expected)


def test_an_update_turns_a_kernel_by_the_rate_and_keeps_its_length() -> None:
    generator = torch.Generator().manual_seed(0)
    kernel = torch.nn.Parameter(torch.randn(16, 8, 3, 3, generator=generator))
    kernel.grad = torch.randn(16, 8, 3, 3, generator=generator)
    optimizer = Muon([{"params": [kernel], "orthogonal": True}], 0.1, 0.9)
    before = kernel.detach().clone() * (16**0.5 / kernel.detach().norm())
    optimizer.step()
    torch.testing.assert_close((kernel.detach() - before).norm(), torch.tensor(0.1 * 16**0.5))


def test_other_groups_take_the_step_of_nesterov_sgd() -> None:
    start = torch.randn(7, generator=torch.Generator().manual_seed(0))
    ours, theirs = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    muon = Muon([{"params": [ours], "weight_decay": 0.01}], 0.1, 0.9)
    sgd = torch.optim.SGD([theirs], 0.1, 0.9, weight_decay=0.01, nesterov=True)
    for step in range(4):
        for parameter in (ours, theirs):
            parameter.grad = torch.full_like(start, 0.5) * (step + 1) + parameter.detach()
        muon.step()
        sgd.step()
    torch.testing.assert_close(ours, theirs)
