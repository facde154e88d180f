"""Files of activations: an array a layer in an .npz, or a vector a layer and picture in a .parquet.

Pictures come one by one and are not kept. An .npz is a zip whose members are written one after the other, so that the
values of each layer wait in a file without a name, which the system removes however this program ends: while it is
written, the disk needs room for the values twice.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO, TypeAlias
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from googlenet.errors import InputError
from googlenet.files import check_can_write, check_not_replaced, open_atomically
from googlenet.predictions.parquet import ROW_GROUP, import_pyarrow
from googlenet.predictions.row import written_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAMES = "names"
"""The array with the pictures' names, in an .npz."""

WriteLayers: TypeAlias = Callable[[str, "Mapping[str, NDArray[np.float32]]"], None]
"""Writes the layers of a picture: its name, and an array for each layer."""

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
"""Of each layer's array for one picture."""


def check_layer_file(path: Path, *, pooled: bool, force: bool) -> None:
    """Raise InputError for a file that `open_layer_file` cannot write, or that exists, unless `force`.

    Raises MissingExtraError for a .parquet without pyarrow.
    """
    if path.suffix not in WRITERS:
        raise InputError(f"cannot write {path}: the file name must end in {' or '.join(WRITERS)}")
    if path.suffix == ".parquet":
        if not pooled:
            raise InputError(
                f"{path} has a vector for each layer of a picture: give --pool mean or --pool max, or write FILE.npz"
            )
        import_pyarrow()
    check_can_write(path)
    check_not_replaced(path, option="--out", force=force)


@contextmanager
def open_layer_file(path: Path, shapes: Shapes) -> Iterator[WriteLayers]:
    """Yield a function that writes the layers of one picture to `path` (.npz, .parquet); nothing is left of a failure.

    An .npz has an array (N, *shape) for each layer and `names`; a .parquet a row for each picture, with the columns
    `image` and one for each layer, a list of float32. Raises InputError for a folder that cannot be written to and for
    a full disk.
    """
    with open_atomically(path) as file, WRITERS[path.suffix](file, shapes, path.absolute().parent) as write:
        yield write


@contextmanager
def _open_npz(file: BinaryIO, shapes: Shapes, folder: Path) -> Iterator[WriteLayers]:
    import numpy as np

    names: list[str] = []
    with ExitStack() as stack:
        raw = {layer: stack.enter_context(TemporaryFile(dir=folder)) for layer in shapes}

        def write(name: str, layers: Mapping[str, NDArray[np.float32]]) -> None:
            for layer, values in layers.items():
                raw[layer].write(values.astype("<f4", copy=False).tobytes())
            names.append(written_name(name))

        yield write
        with ZipFile(file, "w") as archive:
            for layer, shape in shapes.items():
                with archive.open(ZipInfo(f"{layer}.npy"), "w", force_zip64=True) as member, raw[layer]:
                    header = {"descr": "<f4", "fortran_order": False, "shape": (len(names), *shape)}
                    np.lib.format.write_array_header_1_0(member, header)
                    raw[layer].seek(0)
                    shutil.copyfileobj(raw[layer], member, 1 << 20)
            _write_names(archive, names)


def _write_names(archive: ZipFile, names: Sequence[str]) -> None:
    """Write `names.npy`, compressed and name by name: each takes as much room as the longest, which may be long."""
    import numpy as np

    member = ZipInfo(f"{NAMES}.npy")
    member.compress_type = ZIP_DEFLATED
    longest = max((len(name) for name in names), default=0) or 1
    with archive.open(member, "w", force_zip64=True) as file:
        header = {"descr": f"<U{longest}", "fortran_order": False, "shape": (len(names),)}
        np.lib.format.write_array_header_1_0(file, header)
        for name in names:
            file.write(name.encode("utf-32-le", "surrogatepass").ljust(4 * longest, b"\0"))


@contextmanager
def _open_parquet(file: BinaryIO, shapes: Shapes, folder: Path) -> Iterator[WriteLayers]:
    pyarrow, parquet = import_pyarrow()
    lists = {layer: pyarrow.list_(pyarrow.float32(), math.prod(shape)) for layer, shape in shapes.items()}
    schema = pyarrow.schema([("image", pyarrow.string()), *lists.items()])
    rows: list[dict[str, object]] = []
    with parquet.ParquetWriter(file, schema, compression="zstd", use_dictionary=["image"]) as writer:

        def flush() -> None:
            writer.write_table(pyarrow.Table.from_pylist(rows, schema))
            rows.clear()

        def write(name: str, layers: Mapping[str, NDArray[np.float32]]) -> None:
            rows.append({"image": written_name(name), **layers})
            if len(rows) == ROW_GROUP:
                flush()

        yield write
        flush()


WRITERS: dict[str, Callable[[BinaryIO, Shapes, Path], AbstractContextManager[WriteLayers]]] = {
    ".npz": _open_npz,
    ".parquet": _open_parquet,
}
"""Suffix -> what writes such a file; its folder is for what it has to keep meanwhile."""
