"""Images as sums of waves with decorrelated colours: what an optimiser changes in place of pixels.

Gradient ascent on pixels gives noise: high frequencies are as cheap as low ones. In Fourier space, scaled so that all
frequencies carry equal energy, and in colours whose components are independent in photographs, the steepest direction
is another one, and the images look natural (Olah, Mordvintsev and Schubert, "Feature Visualization", Distill 2017,
"Preconditioning and parameterization").
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

COLOURS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
"""Square root of the covariance of red, green and blue in ImageNet's pictures, as published with the article."""

START = 0.01
"""Standard deviation of the noise that an image begins with."""

SOFTNESS = 4.0
"""What the sum of waves is divided by, as in the article's code, so that a step of 0.05 is neither timid nor wild."""


class FourierImages(nn.Module):
    """N images of `size` px; each is periodic, so that it has no borders and can be tiled."""

    scale: Tensor
    colours: Tensor

    def __init__(self, size: int, generators: list[torch.Generator]) -> None:
        """Each image begins as faint noise from its own generator."""
        super().__init__()
        shape = 3, size, size // 2 + 1, 2
        noise = [torch.randn(shape, generator=generator) * START for generator in generators]
        self.size = size
        self.spectrum = nn.Parameter(torch.stack(noise))
        rows, columns = torch.fft.fftfreq(size)[:, None], torch.fft.rfftfreq(size)[None]
        frequency = (rows.square() + columns.square()).sqrt().clamp_min(1 / size)
        self.register_buffer("scale", (size / SOFTNESS / frequency)[..., None])
        colours = torch.tensor(COLOURS)
        self.register_buffer("colours", colours / colours.norm(dim=0).max())

    def forward(self) -> Tensor:
        """(N, 3, S, S) RGB in 0 to 1."""
        waves = torch.view_as_complex(self.spectrum * self.scale)
        x = torch.fft.irfft2(waves, s=(self.size, self.size))
        return torch.sigmoid(torch.einsum("nchw,dc->ndhw", x, self.colours))
