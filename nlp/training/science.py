"""scipy, where it is installed. It is needed to teach a model, never to use one."""

import importlib
from typing import Any


class TrainingError(ValueError):
    """A model cannot be taught; the message says why and what to do."""


def need(module: str) -> Any:
    """Import a part of scipy. Raises :class:`TrainingError` where there is none."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise TrainingError("Teaching a model needs scipy; install it with: pip install scipy") from None
