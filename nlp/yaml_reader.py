"""Reading a YAML file by hand, so that each complaint names its line and all are told at once."""

import difflib
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

import yaml

from nlp.normalise import fold_word
from nlp.regex_facts import why_costly

# The C loader is ten times as fast; a PyYAML built without it lacks the name.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KINDS = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false"}
_ESCAPE = re.compile(r"\\.")
_NUMBER = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_MAX_DEPTH = 50
MAX_BYTES: Final = 2_000_000
"""The packaged taxonomy has a tenth of it; 10 MB would take a minute to check."""
_MAX_PATTERN: Final = 2_000
_MAX_WORD: Final = 50


def _too_deep(text: str) -> bool:
    """Whether composing would go deeper than any of our files: PyYAML's C loader recurses until the process dies."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                return True
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return False


class Reader:
    """Takes nodes apart. Each method gives a harmless value where it finds a problem."""

    def __init__(self, name: str) -> None:
        """Read a file called ``name`` in the messages."""
        self.name = name
        self._problems: list[tuple[int, str]] = []

    @property
    def problems(self) -> list[str]:
        """All problems so far, in the order of the file: ``taxonomy.yaml:12: …``."""
        found = sorted(set(self._problems))
        return [f"{self.name}:{line}: {message}" for line, message in found]

    def fail(self, node: yaml.Node | None, message: str) -> None:
        """Note a problem at ``node`` (None: the file as a whole)."""
        self._problems.append((1 if node is None else node.start_mark.line + 1, message))

    def compose(self, path: Path) -> yaml.Node | None:
        """Parse the file; None, and a problem noted, where that is impossible."""
        try:
            size = path.stat().st_size
            if size > MAX_BYTES:
                self.fail(
                    None, f"has {size / 1e6:.1f} MB; {MAX_BYTES / 1e6:g} MB are the most, the packaged one has less"
                )
                return None
            text = path.read_text("utf-8")
            if _too_deep(text):
                self._problems.append((1, f"nested deeper than {_MAX_DEPTH} levels"))
                return None
            return yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            line = mark.line + 1 if mark else 1
            self._problems.append((line, f"not YAML: {error.problem}; check the indentation"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            self._problems.append((1, f"cannot be read as UTF-8 YAML: {error}"))
        return None

    def mapping(
        self,
        node: yaml.Node | None,
        what: str,
        required: Collection[str],
        optional: Collection[str] = (),
    ) -> dict[str, yaml.Node]:
        """Give the values by key; complain of unknown, doubled and missing keys."""
        fields = self.entries(node, what)
        known = {*required, *optional}
        for key in [key for key in fields if key not in known]:
            self.fail(fields.pop(key), f"unknown key {key!r} in {what}{_hint(key, known)}")
        for key in sorted(set(required) - set(fields)):
            self.fail(node, f"{what} has no {key!r}; add it")
        return fields

    def entries(self, node: yaml.Node | None, what: str) -> dict[str, yaml.Node]:
        """Give the values of a mapping with free keys."""
        if not isinstance(node, yaml.MappingNode):
            self.fail(node, f"{what} must be a mapping (key: value)")
            return {}
        fields: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = self.text(key, f"a key of {what}")
            if name in fields:
                self.fail(key, f"{name!r} is written twice in {what}; keep one")
            fields[name] = value
        return fields

    def items(self, node: yaml.Node | None, what: str) -> list[yaml.Node]:
        """Give the members of a list; an absent list is empty."""
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.fail(node, f"{what} must be a list ([a, b] or - a)")
            return []
        return list(node.value)

    def text(self, node: yaml.Node | None, what: str, default: str = "") -> str:
        """Give a text that is not blank."""
        if node is None:
            return default
        value = self._scalar(node, what, "str")
        if value is not None and not value.strip():
            self.fail(node, f"{what} is empty; write it or remove the line")
        return value or default

    def number(self, node: yaml.Node | None, what: str, default: float, most: float) -> float:
        """Give a number from above 0 to ``most``."""
        if node is None:
            return default
        if not isinstance(node, yaml.ScalarNode) or node.tag not in _NUMBER:
            self.fail(node, f"{what} must be a number")
            return default
        try:
            value = float(node.value)
        except ValueError:
            value = -1.0
        if not 0 < value <= most:
            self.fail(node, f"{what} must be above 0 and at most {most:g}, not {node.value}")
            return default
        return value

    def whole(self, node: yaml.Node | None, what: str, default: int, most: int) -> int:
        """Give a whole number from 1 to ``most``."""
        if node is not None and self._scalar(node, what, "int") is None:
            return default
        return int(self.number(node, what, default, most))

    def flag(self, node: yaml.Node | None, what: str) -> bool:
        """Give true or false; false if absent."""
        if node is None:
            return False
        value = self._scalar(node, what, "bool")
        return value is not None and value.lower() in ("true", "yes", "on")

    def texts(self, node: yaml.Node | None, what: str) -> tuple[str, ...]:
        """Give a list of texts, as written."""
        return tuple(self.text(item, f"a member of {what}") for item in self.items(node, what))

    def words(self, node: yaml.Node | None, what: str) -> tuple[str, ...]:
        """Give a list of words in matching form, each once, each of two characters or more."""
        words: dict[str, None] = {}
        for item in self.items(node, what):
            written = self.text(item, f"a word of {what}")
            word = fold_word(written)
            if len(word) > _MAX_WORD:
                self.fail(item, f"{word[:10] + '…'!r} in {what} has {len(word)} characters, {_MAX_WORD} are the most")
            elif len(word) >= 2:
                words[word] = None
            elif written:
                self.fail(
                    item,
                    f"{written!r} in {what} is one character and would match everywhere; "
                    "use a longer word or a pattern",
                )
        return tuple(words)

    def pattern(self, node: yaml.Node, what: str) -> re.Pattern[str] | None:
        """Compile a regular expression whose time is bounded."""
        written = self.text(node, what)
        if not written:
            return None
        if len(written) > _MAX_PATTERN:
            self.fail(node, f"{what} has {len(written)} characters, {_MAX_PATTERN} are the most; make it several")
            return None
        try:
            compiled = re.compile(written)
        except (re.error, OverflowError, RecursionError) as error:
            self.fail(node, f"{what} {written!r} is not a regular expression: {error}")
            return None
        if reason := why_costly(written):
            self.fail(node, f"{what} {written!r} is too costly: {reason}")
            return None
        if compiled.match(""):
            self.fail(node, f"{what} {written!r} matches an empty text; make a part of it required")
            return None
        return compiled

    def patterns(self, node: yaml.Node | None, what: str) -> tuple[re.Pattern[str], ...]:
        """Compile a list of regular expressions that are sought in folded text."""
        found = (self._folded_pattern(item, f"pattern of {what}") for item in self.items(node, what))
        return tuple(pattern for pattern in found if pattern is not None)

    def _folded_pattern(self, node: yaml.Node, what: str) -> re.Pattern[str] | None:
        pattern = self.pattern(node, what)
        lost = [c for c in _ESCAPE.sub("", pattern.pattern if pattern else "") if _never_found(c)]
        if lost:
            self.fail(
                node,
                f"{what} has {''.join(lost)!r}, which folded text never has; "
                "write small letters and Simplified characters",
            )
        return pattern

    def _scalar(self, node: yaml.Node, what: str, kind: str) -> str | None:
        if isinstance(node, yaml.ScalarNode) and node.tag == f"tag:yaml.org,2002:{kind}":
            return str(node.value)
        quote = "; put it in quotes" if kind == "str" and isinstance(node, yaml.ScalarNode) else ""
        self.fail(node, f"{what} must be {_KINDS[kind]}{quote}")
        return None


def _hint(wrong: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(wrong, sorted(known), n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(sorted(known))}"


def _never_found(character: str) -> bool:
    return character.isalpha() and fold_word(character) != character
