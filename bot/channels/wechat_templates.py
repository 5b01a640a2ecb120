"""Subscription notices (订阅通知): which notice is announced by which of the account's templates, and how it is filled.

    case.answered:                          # a notice of ours, a key of bot/wording; "*" stands for every other one
      template: "Kx2hTqP0…"                 # the template's id at the platform
      page: "https://station.example/"      # optional: what a tap on it opens
      fields:
        character_string1: "{number}"       # the template's fields, filled with the notice's parameters
        thing2: "您反映的事有答复了"
        phrase3: "已答复"
        time4: "{now}"

A field's type is in its name, and the platform refuses a notice with one value that does not fit its type
(https://developers.weixin.qq.com/doc/service/guide/product/subscription_messages/intro.html). Values are cut to fit; a
notice with a value that can't be made to fit is not announced.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml

EVERY_OTHER: Final = "*"
_BEIJING: Final = ZoneInfo("Asia/Shanghai")
_NAME: Final = re.compile(r"([a-z_]+[a-z])(\d{1,3})")
_PLACE: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """One template of the account. `fields`: what fills each, with `{parameters}` of the notice in it."""

    id: str
    fields: Mapping[str, str]
    page: str = ""


@dataclass(frozen=True, slots=True)
class Templates:
    """By the kind of the notice."""

    by_kind: Mapping[str, Template] = field(default_factory=dict)

    def of(self, kind: str) -> Template | None:
        return self.by_kind.get(kind) or self.by_kind.get(EVERY_OTHER)


def read_templates(text: str, kinds: Collection[str]) -> Templates:
    """The mapping of a YAML (or JSON) text; an empty one has none. `kinds`: the notices that there are.

    Raises `ValueError`, which says what is wrong and where.
    """
    try:
        tree = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ValueError(f"it is no YAML{f', line {mark.line + 1}' if mark else ''}") from None
    if not isinstance(tree, dict):
        raise ValueError("it has to name notices, each with its template and fields")
    return Templates({str(kind): _template(str(kind), value, kinds) for kind, value in tree.items()})


def _template(kind: str, value: Any, kinds: Collection[str]) -> Template:
    if kind != EVERY_OTHER and kind not in kinds:
        raise ValueError(f"{kind}: there is no such notice")
    if not isinstance(value, dict) or set(value) - {"template", "fields", "page"}:
        raise ValueError(f"{kind}: it has template, fields and perhaps page, and nothing else")
    fields, template = value.get("fields"), value.get("template")
    if not isinstance(template, str) or not template:
        raise ValueError(f"{kind}: the template's id is missing")
    if not isinstance(fields, dict) or not fields:
        raise ValueError(f"{kind}: the template's fields are missing")
    for name in fields:
        found = _NAME.fullmatch(str(name))
        if found is None or found[1] not in FITTING:
            raise ValueError(f"{kind}: {name} is no field of a template; they are {', '.join(FITTING)} with a number")
    page = value.get("page", "")
    if page and not str(page).startswith("https://"):
        raise ValueError(f"{kind}: page has to begin with https://")
    return Template(template, {str(name): str(filled) for name, filled in fields.items()}, str(page))


def filled(template: Template, params: Mapping[str, str], now: datetime) -> dict[str, dict[str, str]] | None:
    """The `data` of a notice; None where a value can't be made to fit."""
    local = now.astimezone(_BEIJING)
    values = {**params, "now": f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"}
    data = {}
    for name, text in template.fields.items():
        found = _NAME.fullmatch(name)
        assert found is not None, "a template's fields were looked at when it was read"
        value = FITTING[found[1]](_PLACE.sub(lambda place: values.get(place[1], ""), text))
        if not value:
            return None
        data[name] = {"value": value}
    return data


def _cut(most: int) -> Callable[[str], str]:
    def cut(text: str) -> str:
        line = " ".join(text.split())
        return line if len(line) <= most else line[: most - 1] + "…"

    return cut


def _only(pattern: str, most: int) -> Callable[[str], str]:
    """What is left of a text when everything else is taken out of it."""
    others = re.compile(f"[^{pattern}]")
    return lambda text: others.sub("", text)[:most]


def _like(pattern: str) -> Callable[[str], str]:
    whole = re.compile(pattern)
    return lambda text: text.strip() if whole.fullmatch(text.strip()) else ""


_DAY = r"\d{4}年\d{1,2}月\d{1,2}日"
_TIME = r"\d{1,2}:\d{2}(:\d{2})?"
#: By type of field: the value that the platform takes, or "" for one that it would not.
FITTING: Final[dict[str, Callable[[str], str]]] = {
    "thing": _cut(20),
    "const": _cut(20),
    "character_string": _only("!-~", 32),
    "letter": _only("A-Za-z", 32),
    "number": _like(r"\d{1,32}|\d{1,30}\.\d{1,30}"),
    "phrase": _only("\u4e00-\u9fff", 5),
    "name": _cut(10),
    "phone_number": _only("0-9+-", 17),
    "time": _like(rf"({_DAY} )?{_TIME}"),
    "date": _like(rf"{_DAY}( {_TIME})?"),
}
