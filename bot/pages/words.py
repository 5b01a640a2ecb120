"""Every sentence of the pages, by key, from `bot/wording/pages.<language>.yaml`."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml


class Words:
    """The sentences of one language."""

    def __init__(self, language: str, sentences: dict[str, str]) -> None:
        self.language = language
        self.sentences = sentences

    def say(self, key: str, **params: Any) -> str:
        """The sentence for `key`. Raises `KeyError` when it or a parameter is missing."""
        sentence = self.sentences[key]
        return sentence.format(**params) if params else sentence

    def under(self, prefix: str) -> dict[str, str]:
        """Sentences whose key begins with `prefix`, by the rest of their key; for the script of a page."""
        return {key[len(prefix) :]: value for key, value in self.sentences.items() if key.startswith(prefix)}


@cache
def words_for(language: str) -> Words:
    """Raises `FileNotFoundError` for a language without a file and `ValueError` when the file isn't flat text."""
    source = files("bot.wording").joinpath(f"pages.{language}.yaml")
    content = yaml.safe_load(source.read_text("utf-8"))
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise ValueError(f"pages.{language}.yaml: {key!r} must be a text (quote numbers and yes/no)")
    return Words(language, content)
