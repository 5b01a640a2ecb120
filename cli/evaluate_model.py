"""Which model `main.py evaluate --model` means: the packaged one, none, a file, or one that the county keeps."""

from pathlib import Path
from typing import Final

from cli.common import fail, settings
from nlp.classify import Classifier
from nlp.evaluation import ExampleError
from nlp.model import Model, ModelError, default_model, load_model, no_model
from nlp.model_bytes import from_bytes
from nlp.taxonomy import Taxonomy
from routing.trained import PACKAGED

#: The taxonomy's rules alone.
RULES_ALONE: Final = "none"


def make_classifier(taxonomy: Taxonomy, model: str | None) -> Classifier:
    """The classifier that is measured. `model`: `none`, `packaged` or its id, a file, or an id of `model list`; as
    shipped if None. A file goes before an id.

    Raises `ExampleError` where the model can't be used or nobody knows it.
    """
    try:
        return Classifier(taxonomy, model=None if model is None else _named(model, taxonomy))
    except ModelError as error:
        raise ExampleError("model.unusable", model=model or "", reason=str(error)) from None


def _named(model: str, taxonomy: Taxonomy) -> Model:
    if model == RULES_ALONE:
        return no_model()
    path = Path(model)
    # An id has neither a dot nor a slash: what has is a file, also where there is none.
    if path.is_file() or path.suffix or path.name != model or not model:
        return load_model(path)
    if model in (PACKAGED, default_model().id):
        return default_model()
    content = _kept(model)
    if content is None:
        raise ExampleError("model.unknown", model=model)
    return from_bytes(content, taxonomy)


def _kept(model: str) -> bytes | None:
    """The file of a model that the county of the settings keeps. Makes no database where there is none."""
    from cli.wiring import open_store
    from routing.errors import StorageUnavailable
    from storage.engine import sqlite_path

    chosen = settings()
    file = sqlite_path(chosen.database)
    if file is not None and not file.exists():
        return None
    try:
        store = open_store(chosen)
        try:
            return store.reader.run_here(lambda uow: uow.models.content(model))
        finally:
            store.close()
    except StorageUnavailable as error:
        fail(f"The database can't be used: {error}")
