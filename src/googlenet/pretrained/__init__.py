"""Named weights: those that ship with the package, and those that can be downloaded."""

from googlenet.pretrained.catalogue import CATALOGUE, Published, find_model
from googlenet.pretrained.fetching import cache_folder, fetch, is_fetched
from googlenet.pretrained.imagenet import imagenet_classes, inception5h_classes

__all__ = [
    "CATALOGUE",
    "Published",
    "cache_folder",
    "fetch",
    "find_model",
    "imagenet_classes",
    "inception5h_classes",
    "is_fetched",
]
