"""The sentences of `main.py evaluate`, as data in cli/wording/evaluate.yaml."""

import functools
from pathlib import Path
from typing import Any, Final

import yaml

from nlp.evaluation import ExampleError

_FILE: Final = Path(__file__).parent / "wording" / "evaluate.yaml"


def describe(problem: ExampleError, language: str = "zh") -> str:
    """One sentence: what is wrong, where, and what to do. `language` is "zh" or "en".

    >>> describe(ExampleError("file.utf8", file="a.tsv"))
    'a.tsv 不是 UTF-8 编码；请另存为 UTF-8。'
    """
    return _filled(_words()["problem"][problem.key][language], problem.params)


def warning(key: str, language: str = "zh", **params: object) -> str:
    """A sentence about figures that mean less than they seem to."""
    return _filled(_words()["warning"][key][language], params)


def figure(name: str, **params: object) -> str:
    """What a figure is called, by its name in the JSON."""
    return _filled(_words()["figure"][name], params)


def shown(key: str, **params: object) -> str:
    """A heading or a word of the report."""
    return _filled(_words()["shown"][key], params)


def printable(text: str) -> str:
    """The text without what would steer a terminal: file names and labels are anybody's."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _filled(template: str, params: dict[str, Any]) -> str:
    return template.format_map(
        {name: printable(value) if isinstance(value, str) else value for name, value in params.items()}
    )


@functools.cache
def _words() -> dict[str, Any]:
    words: dict[str, Any] = yaml.safe_load(_FILE.read_text("utf-8"))
    return words
