"""A model as bytes, as a database keeps it: the file's own format (:mod:`nlp.model`), packed."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp.model import FORMAL, INTEGRITY, MODEL_PATH, SAFETY, Model, ModelError, field_column
from nlp.taxonomy import Taxonomy

Arrays = Mapping[str, npt.NDArray[Any]]


def packaged_arrays(path: Path = MODEL_PATH) -> Arrays:
    """Give the packaged model's arrays. Raises :class:`ModelError` where the file is damaged."""
    return _arrays(path.read_bytes())


def to_bytes(arrays: Arrays) -> bytes:
    """Pack a model's arrays."""
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    return packed.getvalue()


def from_bytes(content: bytes, taxonomy: Taxonomy) -> Model:
    """Unpack a model that was made for the categories of ``taxonomy``.

    Raises :class:`ModelError` in one sentence: it is damaged, of another format, or of other categories.
    """
    model = Model(_arrays(content))
    leaves = {leaf.code for leaf in taxonomy.leaves}
    fields = map(field_column, range(len(model.header.get("fields", ()))))
    foreign = sorted(set(model.columns) - leaves - {SAFETY, INTEGRITY, FORMAL, *fields})
    if foreign:
        raise ModelError(f"it was made for other categories: {', '.join(foreign[:5])} are not in the taxonomy")
    return model


def _arrays(content: bytes) -> Arrays:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ModelError(f"it can't be unpacked ({type(error).__name__})") from None
