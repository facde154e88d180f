"""Pictures: from the bytes of a file to the uint8 RGB squares that every engine takes."""

from googlenet.images.crops import CROPS, Crops, View, crop_scales, crop_views, least_size, take_crops
from googlenet.images.decode import FORMATS, PIXEL_LIMIT, BadImage, Enough, Rgb, Size, decode_image, decode_picture
from googlenet.images.preprocessing import (
    CHANNEL_ORDERS,
    DEFAULT_PREPROCESSING,
    GREY_WEIGHTS,
    IMAGENET_MEAN_RGB,
    ChannelOrder,
    Preprocessing,
    to_square,
)
from googlenet.images.resize import FITS, INTERPOLATIONS, Box, Fit, Interpolation, fit_square, resize_image, scaled_size

__all__ = [
    "CHANNEL_ORDERS",
    "CROPS",
    "DEFAULT_PREPROCESSING",
    "FITS",
    "FORMATS",
    "GREY_WEIGHTS",
    "IMAGENET_MEAN_RGB",
    "INTERPOLATIONS",
    "PIXEL_LIMIT",
    "BadImage",
    "Box",
    "ChannelOrder",
    "Crops",
    "Enough",
    "Fit",
    "Interpolation",
    "Preprocessing",
    "Rgb",
    "Size",
    "View",
    "crop_scales",
    "crop_views",
    "decode_image",
    "decode_picture",
    "fit_square",
    "least_size",
    "resize_image",
    "scaled_size",
    "take_crops",
    "to_square",
]
