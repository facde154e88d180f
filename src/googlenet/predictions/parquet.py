"""Prediction files in Parquet format, with pyarrow. They cannot be appended to, so all rows are written at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from googlenet.errors import InputError, MissingExtraError
from googlenet.files import cannot_read
from googlenet.predictions.row import BEST, PredictionRow, best_columns, checked_row, written_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROW_GROUP = 1000  # rows: 4 MB of features


def check_pyarrow() -> None:
    """Raise MissingExtraError if pyarrow is not installed."""
    import_pyarrow()


def write_parquet(rows: Iterable[PredictionRow], file: BinaryIO, *, features: int | None) -> None:
    """Write rows with equal keys to a file, in row groups; embeddings are lists of `features` floats."""
    pyarrow, parquet = import_pyarrow()
    source = iter(rows)
    group = list(islice(source, ROW_GROUP))
    keys = group[0] if group else {"image": "", "predictions": [], "error": None}
    schema = _schema(pyarrow, keys, features)
    flat = [name for name in schema.names if name not in ("predictions", "embedding")]
    with parquet.ParquetWriter(file, schema, compression="zstd", use_dictionary=flat) as writer:
        while group:
            writer.write_table(pyarrow.Table.from_pylist([_as_columns(row) for row in group], schema))
            group = list(islice(source, ROW_GROUP))


def read_parquet(path: Path) -> Iterator[PredictionRow]:
    """Yield the rows of a file that `write_parquet` wrote; raises InputError for any other file."""
    with _opened(path) as file:
        number = 0
        for group in range(file.num_row_groups):  # one at a time: `iter_batches` reads ahead without a limit
            for values in file.read_row_group(group).to_pylist():
                number += 1
                yield checked_row(
                    {key: value for key, value in values.items() if key not in BEST}, where=f"{path}: row {number:,}"
                )


def read_parquet_features(path: Path) -> Iterator[tuple[list[str], NDArray[np.float32], set[tuple[str, str]]]]:
    """Yield names (n), features (n, F) and their models (`model`, `model_sha256`) for rows that have features."""
    import numpy as np

    with _opened(path) as file:
        columns = ["image", "embedding", "model", "model_sha256"]
        if not set(columns) <= set(file.schema_arrow.names):
            return
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=columns)
            good = table.filter(table.column("embedding").is_valid())
            if not good.num_rows:
                continue
            embeddings = good.column("embedding").combine_chunks()
            features = np.asarray(embeddings.flatten(), np.float32).reshape(good.num_rows, -1)
            names, models, checksums = (good.column(name).to_pylist() for name in ("image", "model", "model_sha256"))
            yield names, features, set(zip(models, checksums, strict=True))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a Parquet file for the block; errors of pyarrow become InputErrors."""
    pyarrow, parquet = import_pyarrow()
    try:
        with path.open("rb") as raw, parquet.ParquetFile(raw) as file:
            yield file
    except pyarrow.ArrowException as error:
        reason = " ".join(str(error).split())[:100]
        raise InputError(f"{path} is damaged or not a Parquet file ({reason})") from error
    except OSError as error:  # pyarrow also raises it for damage
        raise cannot_read(path, error) from error


def _schema(pyarrow: Any, keys: PredictionRow, features: int | None) -> Any:
    prediction = [("label", pyarrow.string()), ("name", pyarrow.string()), ("probability", pyarrow.float64())]
    types = {
        "predictions": pyarrow.list_(pyarrow.struct(prediction)),
        "embedding": pyarrow.list_(pyarrow.float32(), -1 if features is None else features),
    }
    named = [(key, types.get(key, pyarrow.string())) for key in keys]
    return pyarrow.schema([*named, *prediction])


def _as_columns(row: PredictionRow) -> PredictionRow:
    best = {key: None if value == "" else value for key, value in best_columns(row).items()}
    return row | best | {"image": written_name(row["image"])}


def import_pyarrow() -> tuple[Any, Any]:
    """`pyarrow` and `pyarrow.parquet`; raises MissingExtraError where they are not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "pyarrow":
            raise
        raise MissingExtraError("pyarrow", extra="parquet", purpose="a Parquet file") from None
    return pyarrow, pyarrow.parquet
