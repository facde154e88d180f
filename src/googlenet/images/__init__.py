"""Pictures: from the bytes of a file to the uint8 RGB squares that every engine takes."""

from googlenet.images.decode import FORMATS, PIXEL_LIMIT, BadImage, Rgb, decode_image, decode_picture
from googlenet.images.preprocessing import (
    CHANNEL_ORDERS,
    DEFAULT_PREPROCESSING,
    IMAGENET_MEAN_RGB,
    ChannelOrder,
    Preprocessing,
    to_square,
)
from googlenet.images.resize import FITS, INTERPOLATIONS, Box, Fit, Interpolation, fit_square, resize_image

__all__ = [
    "CHANNEL_ORDERS",
    "DEFAULT_PREPROCESSING",
    "FITS",
    "FORMATS",
    "IMAGENET_MEAN_RGB",
    "INTERPOLATIONS",
    "PIXEL_LIMIT",
    "BadImage",
    "Box",
    "ChannelOrder",
    "Fit",
    "Interpolation",
    "Preprocessing",
    "Rgb",
    "decode_image",
    "decode_picture",
    "fit_square",
    "resize_image",
    "to_square",
]
