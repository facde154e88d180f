"""Datasets: folders, tars and embedded sets of pictures with classes, their splits, and ignored files."""

from googlenet.dataset.class_names import normal_name, quote_names
from googlenet.dataset.dataset import (
    DEFAULT_SPLIT_RULE,
    Dataset,
    check_for_training,
    check_readable,
    class_level,
    hold_back,
    open_dataset,
    relabel,
)
from googlenet.dataset.embedded import EMBEDDED, ArraySource
from googlenet.dataset.exclusion import ExcludeSection, describe_exclusion, read_exclude, write_exclude
from googlenet.dataset.folder import FolderSource, read_folder
from googlenet.dataset.layout import Layout, LayoutHint, Split, classify_names
from googlenet.dataset.memory import PictureSource, dataset_from_lists
from googlenet.dataset.packing import SHARD_SIZE, Packed, check_pack, pack
from googlenet.dataset.samples import Sample, Samples, Source
from googlenet.dataset.shard_names import is_shard_pattern
from googlenet.dataset.shards import ShardSource
from googlenet.dataset.split import SplitRule, split_samples
from googlenet.dataset.tar import TarSource, read_tar
from googlenet.dataset.walking import Ignored, find_folders, find_pictures

__all__ = [
    "DEFAULT_SPLIT_RULE",
    "EMBEDDED",
    "SHARD_SIZE",
    "ArraySource",
    "Dataset",
    "ExcludeSection",
    "FolderSource",
    "Ignored",
    "Layout",
    "LayoutHint",
    "Packed",
    "PictureSource",
    "Sample",
    "Samples",
    "ShardSource",
    "Source",
    "Split",
    "SplitRule",
    "TarSource",
    "check_for_training",
    "check_pack",
    "check_readable",
    "class_level",
    "classify_names",
    "dataset_from_lists",
    "describe_exclusion",
    "find_folders",
    "find_pictures",
    "hold_back",
    "is_shard_pattern",
    "normal_name",
    "open_dataset",
    "pack",
    "quote_names",
    "read_exclude",
    "read_folder",
    "read_tar",
    "relabel",
    "split_samples",
    "write_exclude",
]
