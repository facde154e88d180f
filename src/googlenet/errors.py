"""The exceptions of this package, as one hierarchy.

    GoogLeNetError                 any of the below; its text is a message for the user
    |-- InputError                 wrong usage: a flag, a key, a value, a path              exit code 2
    |   |-- SettingsError          a recipe setting that is unknown or has an invalid value
    |   `-- MissingExtraError      an optional part of the package that is not installed
    |-- DataError                  the pictures: none, an empty class, too many bad ones    exit code 2
    |-- ModelFileError             a model file that is damaged or not understood           exit code 2
    `-- TrainingError              a training that cannot continue (a loss is not finite)   exit code 2

Exit codes: 0 success, 1 success with findings (bad pictures, a failed verification), 2 wrong usage or input, or an
unexpected error, 130 interrupted. A picture that cannot be decoded is not an exception but a value,
`googlenet.images.BadImage`.
"""

from __future__ import annotations

EXIT_FINDINGS = 1
EXIT_WRONG_INPUT = 2
EXIT_INTERRUPTED = 130


class GoogLeNetError(Exception):
    """Base of all errors of this package; `str(error)` is a message for the user."""


class InputError(GoogLeNetError):
    """A flag, key, value or path that cannot be used."""


class SettingsError(InputError):
    """A recipe setting that does not exist, has the wrong type, or contradicts another one."""


class MissingExtraError(InputError):
    """An optional part of the package that is needed but not installed."""

    def __init__(self, package: str, *, extra: str, purpose: str) -> None:
        """State which `package` is missing, for what `purpose`, and the command that installs the `extra`."""
        super().__init__(f'{purpose} needs {package}, which is not installed: pip install "googlenet[{extra}]"')


class DataError(GoogLeNetError):
    """Pictures that cannot be used: none found, an empty class, a class missing from a split, too many bad ones."""


class ModelFileError(GoogLeNetError):
    """A model or checkpoint file that is damaged, of the wrong kind, or inconsistent."""


class TrainingError(GoogLeNetError):
    """A training that cannot continue, for example because a loss is not finite."""
