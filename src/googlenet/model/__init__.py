"""Models: the record, its file format, and ensembles of models."""

from googlenet.model.checks import (
    check_fit,
    check_model,
    check_shapes,
    shape_differences,
)
from googlenet.model.description import (
    DESCRIPTION_KEY,
    DESCRIPTION_SUM_KEY,
    description_text,
    read_description,
    with_checksum,
)
from googlenet.model.ensemble import check_same_classes, load_models, member_paths, save_ensemble
from googlenet.model.file import (
    ModelHeader,
    load_model,
    read_header,
    resolve_model_path,
    save_model,
)
from googlenet.model.known_answer import AnswerCheck, compare_answer, known_answer_images
from googlenet.model.model import AUXILIARY_PREFIX, COUNTER_SUFFIX, TOLERANCE, About, ClassLabel, KnownAnswer, Model
from googlenet.model.signatures import BEGINNING, FileFormat, describe_file, file_format
from googlenet.model.temperature import TEMPERATURES, apply_temperature, check_temperature

__all__ = [
    "AUXILIARY_PREFIX",
    "BEGINNING",
    "COUNTER_SUFFIX",
    "DESCRIPTION_KEY",
    "DESCRIPTION_SUM_KEY",
    "TEMPERATURES",
    "TOLERANCE",
    "About",
    "AnswerCheck",
    "ClassLabel",
    "FileFormat",
    "KnownAnswer",
    "Model",
    "ModelHeader",
    "apply_temperature",
    "check_fit",
    "check_model",
    "check_same_classes",
    "check_shapes",
    "check_temperature",
    "compare_answer",
    "describe_file",
    "description_text",
    "file_format",
    "known_answer_images",
    "load_model",
    "load_models",
    "member_paths",
    "read_description",
    "read_header",
    "resolve_model_path",
    "save_ensemble",
    "save_model",
    "shape_differences",
    "with_checksum",
]
