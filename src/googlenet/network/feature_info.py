"""What the feature maps of a backbone are: their names, channels and strides, under the names that timm gave them."""

from __future__ import annotations

from dataclasses import dataclass

from googlenet.architecture import Architecture, receptive_fields, row_shapes


@dataclass(frozen=True, slots=True)
class FeatureMaps:
    """The output of a row as feature maps: `stride` is the distance of two neighbouring values, in px of the input."""

    name: str
    channels: int
    stride: int


@dataclass(frozen=True, slots=True)
class FeatureInfo:
    """The feature maps of a network in its order; `channels()`, `reduction()` and `module_name()` as in timm."""

    maps: tuple[FeatureMaps, ...]

    def channels(self) -> list[int]:
        """Number of channels of each."""
        return [one.channels for one in self.maps]

    def reduction(self) -> list[int]:
        """Stride of each, in px of the input."""
        return [one.stride for one in self.maps]

    def module_name(self) -> list[str]:
        """Name of each."""
        return [one.name for one in self.maps]

    def last_of_each_stride(self) -> FeatureInfo:
        """The deepest maps of each stride: what a feature pyramid is built on (timm's `features_only`)."""
        return FeatureInfo(tuple({one.stride: one for one in self.maps}.values()))


def feature_info(architecture: Architecture) -> FeatureInfo:
    """The feature maps of the rows up to the last module."""
    backbone = architecture.backbone
    fields = receptive_fields(backbone)
    return FeatureInfo(
        tuple(
            FeatureMaps(name, channels, fields[name].stride) for name, (_, _, channels) in row_shapes(backbone).items()
        )
    )
