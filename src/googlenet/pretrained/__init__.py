"""Weights with a name: those that ship with the project, and those that can be fetched."""

from googlenet.pretrained.catalogue import CATALOGUE, Published, find_model
from googlenet.pretrained.imagenet import imagenet_classes

__all__ = ["CATALOGUE", "Published", "find_model", "imagenet_classes"]
