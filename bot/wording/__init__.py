"""Every sentence that a person reads, as data: one YAML file a language, the same keys in each.

A line is filled with `{name}` fields. What fills them is never read as a template, so a citizen's braces stay braces.
`tests/bot/test_wording.py` finds a missing line, a missing field and a key that the code names and no file has.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

LANGUAGES = ("zh_CN", "zh_TW", "en")
DEFAULT = "zh_CN"
LOCAL = ZoneInfo("Asia/Shanghai")
_FIELD = re.compile(r"\{(\w+)\}")
_FOLDER = Path(__file__).parent


def fields_of(line: str) -> set[str]:
    """The names that a line must be filled with."""
    return set(_FIELD.findall(line))


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested mapping → dotted keys."""
    flat: dict[str, str] = {}
    for key, value in tree.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            flat.update(flatten(value, name))
        else:
            flat[name] = str(value).rstrip("\n")
    return flat


# The C parser is ten times as fast; a PyYAML built without it lacks the name.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Loader):  # type: ignore[misc]  # which of the two is known when it runs
    """Refuses a key that stands twice: YAML would silently drop the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise ValueError(f"wording, line {node.start_mark.line + 1}: {twice!r} stands twice")
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        return made


def read_language(language: str) -> dict[str, str]:
    """The lines of one language by dotted key."""
    flat: dict[str, str] = {}
    for name in ("dialogs", "linking", "repeats", "rules", "safety"):
        path = _FOLDER / f"{name}.{language}.yaml"
        flat.update(flatten(yaml.load(path.read_text(encoding="utf-8"), _StrictLoader)))
    return flat


@dataclass(frozen=True, slots=True)
class _Row:
    """A row with fields: `form` holds `%s` in the place of each; `alone` is the field that has the row to itself."""

    form: str
    fields: tuple[str, ...]
    alone: str | None

    @classmethod
    def of(cls, row: str) -> "_Row":
        alone = _FIELD.fullmatch(row.strip())
        return cls(_FIELD.sub("%s", row.replace("%", "%%")), tuple(_FIELD.findall(row)), alone[1] if alone else None)


class Wording:
    """Words a key in a language; an unknown language falls back to Simplified Chinese."""

    def __init__(self) -> None:
        self._lines = {language: read_language(language) for language in LANGUAGES}
        #: Lines taken apart at their first use; there are as many as lines.
        self._templates: dict[tuple[str, str], str | list[str | _Row]] = {}

    def has(self, key: str) -> bool:
        return key in self._lines[DEFAULT]

    def keys(self) -> set[str]:
        return set(self._lines[DEFAULT])

    def line(self, key: str, language: str = DEFAULT) -> str:
        """The raw line. Raises `KeyError` for a key that no file has."""
        return self._lines.get(language, self._lines[DEFAULT])[key]

    def render(self, key: str, language: str = DEFAULT, params: Mapping[str, Any] | None = None) -> str:
        """The filled line.

        A field without a parameter stays empty rather than stopping a message; a row that held nothing but empty
        fields is left out; a list in a field that has a row to itself gets a row for each item.
        """
        template = self._template(key, language)
        if isinstance(template, str):
            return template
        values = params or {}
        rows: list[str] = []
        for row in template:
            if isinstance(row, str):
                rows.append(row)
                continue
            if row.alone and isinstance(values.get(row.alone), list):
                rows += [self._value(item, language) for item in values[row.alone]]
                continue
            filled = row.form % tuple([self._value(values.get(name, ""), language) for name in row.fields])
            if filled.strip():
                rows.append(filled)
        # A hostile text may hold lone surrogates, which no platform takes.
        return "\n".join(rows).encode("utf-8", "replace").decode()

    def _template(self, key: str, language: str) -> "str | list[str | _Row]":
        found = self._templates.get((key, language))
        if found is None:
            found = line = self.line(key, language)
            if _FIELD.search(line):
                found = [_Row.of(row) if _FIELD.search(row) else row for row in line.split("\n")]
            self._templates[key, language] = found
        return found

    def label(self, label: str, language: str = DEFAULT) -> str:
        """A button's label: a key, or a literal name after `=`."""
        return label[1:] if label.startswith("=") else self.render(label, language)

    def values(self, params: Mapping[str, Any], language: str = DEFAULT) -> dict[str, str]:
        """The parameters in words, for what has lines of its own (a platform's template)."""
        return {name: self._value(value, language) for name, value in params.items()}

    def _value(self, value: Any, language: str) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, dict) and "key" in value:
            return self.render(value["key"], language, value.get("params"))
        if isinstance(value, dict) and "at" in value:
            text = self._moment(datetime.fromisoformat(value["at"]), language, short=value.get("short", False))
            return text + self.line("word.provisional", language) if value.get("provisional") else text
        if isinstance(value, list):
            return self.line("word.list_separator", language).join(self._value(item, language) for item in value)
        return "" if value is None else str(value)

    def _moment(self, at: datetime, language: str, *, short: bool) -> str:
        local = at.astimezone(LOCAL)
        params = {
            "month": self.line(f"month.m{local.month}", language), "day": local.day, "time": f"{local:%H:%M}",
            "weekday": self.line(f"weekday.d{local.weekday()}", language),
        }  # fmt: skip
        return self.render("word.moment_short" if short else "word.moment", language, params)
