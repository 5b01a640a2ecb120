"""The dialogs' wording: one set of keys and fields in three languages, each key used, each used key there.

What the code names is read from its syntax trees: whole literals like `"case.over"`, and the beginnings of f-strings
like `f"state.{…}"`, which stand for a family of keys.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import opencc
import pytest
import yaml

from bot.dialogs import citizen, desk, linking, officer, pushes, work
from bot.dialogs.citizen_cases import PUBLIC_EVENTS
from bot.dialogs.commands import split_command
from bot.wording import DEFAULT, LANGUAGES, Wording, fields_of, read_language
from nlp.scripts import to_simplified
from routing.case import CaseState, Urgency
from routing.casework import ANSWER_CLASSES
from routing.intake import case_number
from routing.notice import moment, word
from routing.people import Role
from routing.permissions import MATRIX, Operation
from routing.satisfaction import RATINGS, REASONS
from routing.workflow import Action

ROOT = Path(__file__).parents[2]
WORDING = ROOT / "bot" / "wording"
TAXONOMY = ROOT / "nlp" / "data" / "taxonomy.yaml"
LINES = {language: read_language(language) for language in LANGUAGES}
SECTIONS = frozenset(key.partition(".")[0] for key in LINES[DEFAULT])
TRANSLATIONS = [language for language in LANGUAGES if language != DEFAULT]

#: What citizens read. Commands in it are theirs (`citizen.py`), in all other lines the members' (`work.COMMANDS`).
CITIZEN_SECTIONS = frozenset(
    {
        "greeting", "privacy", "citizen", "collect", "receipt", "emergency", "progress", "add", "withdraw", "rating",
        "look_back", "case", "code", "intake", "file", "link", "chat",
    }
)  # fmt: skip
MEMBER_COMMANDS = {name: command for command in work.COMMANDS for name in command.names}
#: What a member types besides commands.
TYPED = (
    frozenset(MEMBER_COMMANDS) | desk._STATES.keys() | officer._CLASSES.keys() | pushes.TYPED | {"建议", "会办", "分类"}
)
INVITATION = re.compile("邀请 (?:代表|部门|工作人员)")
HAN_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")

# ---------------------------------------------------------------- what the code names


def _has_other_wording(path: Path) -> bool:
    name = path.relative_to(ROOT).as_posix()
    return name.startswith(("bot/pages/", "bot/channels/webchat", "bot/server", "bot/poster"))


@cache
def _trees(package: str) -> list[ast.Module]:
    paths = [path for path in sorted((ROOT / package).rglob("*.py")) if not _has_other_wording(path)]
    return [ast.parse(path.read_text(encoding="utf-8")) for path in paths]


def _nodes(*packages: str) -> Iterator[ast.AST]:
    for package in packages or ("bot", "routing"):
        for tree in _trees(package):
            yield from ast.walk(tree)


def _argument(node: ast.AST, function: str, position: int) -> str | None:
    """An argument of a call of `function`, where it is written as a literal."""
    if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != function or len(node.args) <= position:
        return None
    argument = node.args[position]
    return argument.value if isinstance(argument, ast.Constant) else None


@cache
def _named() -> tuple[frozenset[str], frozenset[str]]:
    """The keys that the code names, and the beginnings of keys that it makes."""
    keys, prefixes, pieces = set(), set(), set()
    for node in _nodes():
        if isinstance(node, ast.JoinedStr):
            pieces |= {id(piece) for piece in node.values}
            first = node.values[0] if node.values else None
            if isinstance(first, ast.Constant) and re.fullmatch(r"[a-z_]+\.[a-z_]*", str(first.value)):
                prefixes.add(str(first.value))
    for node in _nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in pieces:  # noqa: SIM102
            if re.fullmatch(r"[a-z_]+(\.\w+)+", node.value, re.ASCII):
                keys.add(node.value)
    # Storage names tables and columns alike (`codes.code`); its sentences stand in what it refuses.
    keys |= {key for node in _nodes("storage") if (key := _argument(node, "Refused", 0)) is not None}

    def ours(names: Iterable[str]) -> frozenset[str]:
        return frozenset(name for name in names if name.partition(".")[0] in SECTIONS)

    return ours(keys), ours(prefixes)


@cache
def _event_kinds() -> frozenset[str]:
    """Every kind of event that the code writes: the actions, and what `remark` is called with."""
    kinds = {action.value for action in Action}
    return frozenset(kinds | {kind for node in _nodes() if (kind := _argument(node, "remark", 1)) is not None})


def _danger_codes() -> list[str]:
    safety = yaml.safe_load(TAXONOMY.read_text(encoding="utf-8"))["safety"]
    return [rule["code"] for rule in safety["rules"] if rule["code"] != safety["soft"]["code"]]


def _families() -> Mapping[str, Iterable[str]]:
    members = [role.value for role in MATRIX]
    return {
        "state.": list(CaseState),
        "role.": list(Role),
        "action.": list(Action),
        "operation.": list(Operation),
        "event.": _event_kinds(),
        "safety.": [*_danger_codes(), "gas_unknown"],
        "rating_reason.": REASONS,
        "answer_class.": ANSWER_CLASSES,
        "button.rate_": RATINGS,
        "card.urgency_": list(Urgency),
        "form.": work._FORM_OPERATION,
        "chat.": [*linking.PLATFORMS, "other"],
        "help.": [*members, *(f"commands_{role}" for role in members)],
        "weekday.": [f"d{day}" for day in range(7)],
    }


@pytest.mark.parametrize("prefix", _families())
def test_a_family_of_keys_is_complete_and_holds_nothing_else(prefix: str) -> None:
    expected = {prefix + str(name) for name in _families()[prefix]}

    assert {key for key in LINES[DEFAULT] if key.startswith(prefix)} == expected


def test_every_rating_has_its_word() -> None:
    """`rating.*` is also a section of sentences, so it isn't a family of its own."""
    assert {f"rating.{rating}" for rating in RATINGS} <= LINES[DEFAULT].keys()


def test_every_family_that_the_code_makes_is_checked() -> None:
    checked = {*_families(), "rating.", "month.m", "weekday.d", "help.commands_"}

    assert _named()[1] <= checked


def test_every_key_that_the_code_names_exists() -> None:
    assert _named()[0] - LINES[DEFAULT].keys() == set()


def test_every_key_is_used() -> None:
    keys, prefixes = _named()
    families = tuple(prefix for prefix in prefixes if prefix != "rating.") + tuple(
        f"rating.{rating}" for rating in RATINGS
    )

    assert {key for key in LINES[DEFAULT] if key not in keys and not key.startswith(families)} == set()


def test_what_a_citizen_is_shown_of_a_history_is_written_somewhere() -> None:
    assert _event_kinds() >= PUBLIC_EVENTS


# ---------------------------------------------------------------- three languages, one set


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_every_language_has_the_same_keys(language: str) -> None:
    assert LINES[language].keys() - LINES[DEFAULT].keys() == set()
    assert LINES[DEFAULT].keys() - LINES[language].keys() == set()


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_every_line_has_the_same_fields(language: str) -> None:
    shared = LINES[language].keys() & LINES[DEFAULT].keys()
    wrong = {key for key in shared if fields_of(LINES[language][key]) != fields_of(LINES[DEFAULT][key])}

    assert wrong == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_brace_stands_outside_a_field(language: str) -> None:
    wrong = {key for key, line in LINES[language].items() if set("{}") & set(re.sub(r"\{[a-z_]+\}", "", line))}

    assert wrong == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_the_ordinary_urgency_is_empty(language: str) -> None:
    assert [key for key, line in LINES[language].items() if not line.strip()] == ["card.urgency_normal"]


def _mappings(node: yaml.Node) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _mappings(value)


@pytest.mark.parametrize("name", ["dialogs", "linking", "repeats", "rules", "safety"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_stands_twice_and_every_line_is_text(name: str, language: str) -> None:
    """YAML silently takes the last of two equal keys, and reads an unquoted `Yes` as true."""
    mappings = list(_mappings(yaml.compose((WORDING / f"{name}.{language}.yaml").read_text(encoding="utf-8"))))
    keys = [[key.value for key, _ in mapping.value] for mapping in mappings]
    values = [value for mapping in mappings for _, value in mapping.value if isinstance(value, yaml.ScalarNode)]

    assert [key for names in keys for key in names if names.count(key) > 1] == []
    assert [value.value for value in values if value.tag != "tag:yaml.org,2002:str"] == []


# ---------------------------------------------------------------- each in its own script


@cache
def _changed_by(table: str) -> frozenset[str]:
    """The Han characters that OpenCC writes otherwise in the other script."""
    characters = [chr(code) for code in range(0x4E00, 0xA000)]
    converted = opencc.OpenCC(table).convert("\n".join(characters)).split("\n")
    return frozenset(before for before, after in zip(characters, converted, strict=True) if before != after)


#: Right in Traditional too: OpenCC would change them alone, but not in the words that we write.
FINE_IN_TRADITIONAL = frozenset("里后台只准几回志周面系出丑干云余斗谷制向注采布占升才別托于吃表松范致确板游群")


def _foreign(language: str, line: str, allowed_runs: frozenset[str] = frozenset()) -> set[str]:
    """The characters of a line that belong to the other Chinese script."""
    runs = [run for run in HAN_RUN.findall(line) if run not in allowed_runs]
    others = _changed_by("t2s") if language == "zh_CN" else _changed_by("s2t") - FINE_IN_TRADITIONAL
    return set("".join(runs)) & others


def test_simplified_chinese_holds_no_traditional_character() -> None:
    names_a_language = frozenset({"繁體"})
    found = {key: _foreign("zh_CN", line, names_a_language) for key, line in LINES["zh_CN"].items()}

    assert {key: characters for key, characters in found.items() if characters} == {}


def test_traditional_chinese_holds_simplified_characters_only_in_what_members_type() -> None:
    """The members' grammar knows the mainland forms; a citizen's words are known in both scripts."""
    found = {}
    for key, line in LINES["zh_TW"].items():
        to_citizens = key.partition(".")[0] in CITIZEN_SECTIONS
        shown = line if to_citizens else INVITATION.sub("", line)
        found[key] = _foreign("zh_TW", shown, frozenset() if to_citizens else TYPED)

    assert {key: characters for key, characters in found.items() if characters} == {}


def test_english_holds_han_characters_only_in_what_is_typed_and_in_names() -> None:
    allowed = {*TYPED, "城管", "李敏", "简体", "繁體"}
    found = {key: set(HAN_RUN.findall(line)) - allowed for key, line in LINES["en"].items()}

    assert {key: runs for key, runs in found.items() if runs} == {}


# ---------------------------------------------------------------- words that must be understood when typed


def _understood(typed: str) -> bool:
    return to_simplified(typed).lower() in citizen._BY_WORD | citizen._RATINGS


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_citizen_can_type_what_they_are_told_to_reply(language: str) -> None:
    told = {
        (key, reply)
        for key, line in LINES[language].items()
        if key.partition(".")[0] in CITIZEN_SECTIONS
        for reply in re.findall(r"(?:回复|回覆|[Rr]eply|reply|or) ?[“「](.+?)[”」]", line)
    }

    assert len(told) > 5
    assert {(key, reply) for key, reply in told if not _understood(reply)} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_a_citizens_help_is_understood(language: str) -> None:
    offered = re.findall(r"(?:^|　)(\S+) ?—", LINES[language]["citizen.help"], re.MULTILINE)

    assert len(offered) == 9
    assert [name for name in offered if not _understood(name)] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", work.COMMANDS, ids=lambda command: command.usage)
def test_the_example_of_a_command_is_that_command(command: work.Command, language: str) -> None:
    example = re.split(r"例如：|[Ff]or example: ", LINES[language][command.usage])[1]
    head, rest = split_command(re.split("[，,；;]", example)[0])

    assert head in command.names
    if command.needs_case:
        assert case_number(rest.partition(" ")[0])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", MATRIX)
def test_the_commands_that_a_role_is_offered_are_known_and_allowed(role: Role, language: str) -> None:
    offered = re.split("、|, ", LINES[language][f"help.commands_{role}"])
    commands = [MEMBER_COMMANDS.get(name.removeprefix("/")) for name in offered]

    assert [name for name, command in zip(offered, commands, strict=True) if command is None] == []
    assert [c.names[0] for c in commands if c is not None and c.operation not in MATRIX[role]] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_and_its_class_in_an_example_are_understood(language: str) -> None:
    for line in (LINES[language]["usage.answer"], LINES[language]["answer.needs_date"]):
        example = re.split(r"例如：|[Ff]or example: ", line)[1]
        head, rest = split_command(example)

        assert head in MEMBER_COMMANDS
        assert rest.split(" ")[1] in officer._CLASSES


# ---------------------------------------------------------------- how a line is filled


@pytest.fixture(scope="module")
def wording() -> Wording:
    return Wording()


def test_braces_that_somebody_writes_stay_as_they_are(wording: Wording) -> None:
    params = {"number": "{text}", "text": "{number} {0} {nobody} {{x}} \\1"}

    assert wording.render("case.message", "zh_CN", params) == "关于 {text}，联络站说：{number} {0} {nobody} {{x}} \\1"


@pytest.mark.parametrize(
    ("language", "at", "expected"),
    [
        ("zh_CN", datetime(2026, 11, 23, 1, 0, tzinfo=UTC), "11月23日（周一）09:00"),
        ("zh_TW", datetime(2026, 11, 22, 16, 30, tzinfo=UTC), "11月23日（週一）00:30"),
    ],
)
def test_a_moment_is_worded_in_local_time(wording: Wording, language: str, at: datetime, expected: str) -> None:
    filled = wording.render("progress.step", language, {"at": moment(at), "what": ""})

    assert filled == f"{expected} "


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_provisional_moment_says_so(wording: Wording, language: str) -> None:
    at = datetime(2027, 2, 1, 1, 0, tzinfo=UTC)
    certain, provisional = (
        wording.render("greeting.until", language, {"until": moment(at, provisional=mark)}) for mark in (False, True)
    )
    mark = {"zh_CN": "（暂定）", "zh_TW": "（暫定）", "en": " (provisional)"}[language]

    assert mark not in certain
    assert provisional.replace(mark, "") == certain


def test_a_row_of_nothing_but_empty_fields_is_left_out(wording: Wording) -> None:
    params = {"number": "HP-261123-007", "state": word("state.accepted"), "holder": "联络站", "steps": [], "answer": ""}

    assert wording.render("progress.case", "zh_CN", params) == "HP-261123-007 现在：已受理，在联络站手里。"


def test_a_missing_parameter_leaves_its_field_empty(wording: Wording) -> None:
    assert wording.render("withdraw.kept", "zh_CN") == "好的， 接着办。"


@pytest.mark.parametrize(
    ("language", "expected"),
    [("zh_CN", "已收件、办结"), ("zh_TW", "已收件、辦結"), ("en", "received, closed")],
)
def test_words_and_lists_inside_a_line_are_in_its_language(wording: Wording, language: str, expected: str) -> None:
    params = {"lines": [word("state.received"), word("state.closed")]}

    assert expected in wording.render("progress.list", language, params)


def test_a_list_that_has_a_row_to_itself_gets_a_row_for_each_item(wording: Wording) -> None:
    params = {"lines": [word("state.received"), word("state.closed")], "more": ""}

    assert wording.render("list.cases", "zh_CN", params) == "已收件\n办结"


def test_an_unknown_language_falls_back_to_simplified_chinese(wording: Wording) -> None:
    assert wording.render("sealed.none", "fr") == "没有受限件。"


def test_an_unknown_key_is_an_error(wording: Wording) -> None:
    with pytest.raises(KeyError):
        wording.render("case.nothing")


def test_a_label_is_a_key_or_a_name(wording: Wording) -> None:
    assert wording.label("button.accept", "en") == "Accept"
    assert wording.label("=→ {name}", "en") == "→ {name}"
