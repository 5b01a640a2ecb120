"""A very small template language, so that the pages are HTML files and nothing reaches them unescaped.

    {{name}}               the value, escaped
    {{{name}}}             a value of type `Html`, as it is
    {{t key}}              a sentence of the wording, escaped
    {{#name}}…{{/name}}    once per item of a list (its keys come first), or once when the value is true
    {{^name}}…{{/name}}    when the value is empty or missing

A whole template engine would be a dependency for four features; the pages need no more than these.
"""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from bot.pages.words import Words

_TAG = re.compile(r"\{\{\{\s*(?P<raw>\w+)\s*\}\}\}|\{\{\s*(?P<sign>[#^/]|t\s)?\s*(?P<name>[\w.]+)\s*\}\}")


class Html(str):
    """Text that is HTML already. Made only from templates and from what our own code draws."""

    __slots__ = ()


class TemplateError(ValueError):
    """A template is not well formed, or asks for a value that it was not given."""


@dataclass(slots=True)
class _Node:
    kind: str  # text, value, raw, word, section, inverted
    content: str
    children: list["_Node"] = field(default_factory=list)


def _parse(source: str, name: str) -> list[_Node]:
    stack: list[tuple[str, list[_Node]]] = [("", [])]
    at = 0
    for match in _TAG.finditer(source):
        stack[-1][1].append(_Node("text", source[at : match.start()]))
        at = match.end()
        sign, tag = (match["sign"] or "").strip(), match["name"]
        if match["raw"]:
            stack[-1][1].append(_Node("raw", match["raw"]))
        elif sign in ("#", "^"):
            node = _Node("section" if sign == "#" else "inverted", tag)
            stack[-1][1].append(node)
            stack.append((tag, node.children))
        elif sign == "/":
            if len(stack) == 1 or stack.pop()[0] != tag:
                raise TemplateError(f"{name}: {{{{/{tag}}}}} closes nothing")
        else:
            stack[-1][1].append(_Node("word" if sign == "t" else "value", tag))
    if len(stack) > 1:
        raise TemplateError(f"{name}: {{{{#{stack[-1][0]}}}}} is not closed")
    stack[0][1].append(_Node("text", source[at:]))
    return stack[0][1]


@cache
def _load(name: str) -> list[_Node]:
    return _parse(files("bot.pages").joinpath("templates", name).read_text("utf-8"), name)


def _look_up(context: Sequence[Mapping[str, Any]], name: str) -> Any:
    for values in context:
        if name in values:
            return values[name]
    raise TemplateError(f"no value for {name}")


def _fill(nodes: list[_Node], context: Sequence[Mapping[str, Any]], words: Words, out: list[str]) -> None:
    for node in nodes:
        if node.kind == "text":
            out.append(node.content)
        elif node.kind == "word":
            out.append(html.escape(words.say(node.content)))
        elif node.kind in ("value", "raw"):
            value = _look_up(context, node.content)
            if node.kind == "raw" and not isinstance(value, Html):
                raise TemplateError(f"{node.content} is not Html")
            out.append(value if node.kind == "raw" else html.escape(str(value)))
        else:
            value = _look_up(context, node.content)
            if node.kind == "inverted":
                if not value:
                    _fill(node.children, context, words, out)
            elif isinstance(value, list | tuple):
                for item in value:
                    _fill(node.children, [item, *context], words, out)
            elif value:
                inner = [value, *context] if isinstance(value, Mapping) else context
                _fill(node.children, inner, words, out)


def render(name: str, words: Words, /, **values: Any) -> Html:
    """Fill the template file `name`. Raises `TemplateError` and, for a missing sentence, `KeyError`."""
    out: list[str] = []
    _fill(_load(name), [values], words, out)
    return Html("".join(out))
