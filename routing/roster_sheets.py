"""The sheets of a roster file as data: their columns, what a cell may hold, and what can be wrong with it."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

#: A cell as it comes out of a file: what a spreadsheet or YAML holds.
Cell = object
Value = str | bool | list[str] | None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file, and where. `row` counts from 1 as Excel does (in YAML: the line).

    `key` names the sentence in `cli/wording/roster.yaml`, `params` fills it. A problem of the whole file or sheet
    has no row.
    """

    key: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


class RosterInvalid(Exception):
    """Nothing was taken from the file; `problems` lists everything that was found, in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problems, first: {problems[0]}" if problems else "invalid")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` is text, code, number, list, flag or choice. `keep` leaves an existing value alone where the cell is
    empty; other columns are emptied by an empty cell. `default` is for a new row."""

    key: str
    heading: str
    kind: str = "text"
    required: bool = False
    most: int = 60
    pattern: str | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    default: Value = ""
    keep: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """`natural_key` names the columns that say which row of the database a row is."""

    key: str
    heading: str
    natural_key: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """By key or heading."""
        wanted = fold(name).lower().rstrip("*")
        return next((c for c in self.columns if wanted in (c.key, c.heading.lower())), None)


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row of a file: its cells by column name as written there."""

    row: int
    cells: Mapping[str, Cell]


def fold(text: str) -> str:
    """Full-width letters and digits made plain, invisible characters and outer spaces dropped."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(char for char in plain if unicodedata.category(char) not in ("Cc", "Cf", "Cs")).strip()


def clean(text: str) -> str:
    """As written, on one line, without control or direction characters."""
    joined = " ".join(text.split())
    return "".join(char for char in joined if unicodedata.category(char) not in ("Cc", "Cf", "Cs")).strip()


def _prefix(key: str, heading: str, *, required: bool = False) -> Column:
    return Column(
        key,
        heading,
        "code",
        required,
        pattern=r"[A-Z][A-Z0-9]{1,5}",
        default="" if required else None,
        help="2–6 个大写字母或数字，字母开头，如 HP",
    )


def _department(key: str, heading: str, *, required: bool = True) -> Column:
    return Column(key, heading, "code", required, pattern=r"[a-z][a-z0-9_]{0,31}",
                  default="" if required else None, help="小写字母、数字、下划线，如 zhzf")  # fmt: skip


def _number(key: str, heading: str, *, required: bool = False) -> Column:
    return Column(
        key,
        heading,
        "number",
        required,
        pattern=r"[0-9A-Za-z-]{1,12}",
        default="" if required else None,
        help="数字或字母，如 086",
    )


def _phone(key: str, heading: str) -> Column:
    return Column(
        key, heading, pattern=r"[0-9+][0-9 +()（）转,，、/-]{2,59}", default=None, help="电话号码，如 0571-8000-0001"
    )


_NOTE = Column("note", "备注", most=500)

SHEETS: Final[tuple[Sheet, ...]] = (
    Sheet("stations", "站点", ("prefix",), (
        _prefix("prefix", "编号前缀", required=True),
        Column("name", "名称", required=True),
        Column("tier", "层级", "choice", default="站", keep=True,
               choices={"总站": "总站", "中心站": "中心站", "站": "站"}),
        _prefix("parent", "上级站前缀"),
        Column("address", "地址", most=120),
        Column("reception", "接待时间", most=200),
        _phone("phone", "电话"),
        _phone("duty_phone", "值班电话"),
        _phone("gas_phone", "燃气抢修电话"),
        _phone("lift_phone", "电梯救援电话"),
        _NOTE,
    )),
    Sheet("deputies", "代表", ("station", "number"), (
        _number("number", "代表编号", required=True),
        Column("name", "姓名", required=True, most=40),
        _prefix("station", "所在站前缀", required=True),
        Column("level", "代表层级"),
        Column("title", "职业或职务"),
        Column("reception", "接待时间", most=200),
        Column("skills", "专长", "list", default=[], most=20),
        _number("substitute", "替补代表编号"),
        Column("status", "状态", "choice", default="active", keep=True,
               choices={"在任": "active", "请假": "away", "离任": "left",
                        "active": "active", "away": "away", "left": "left"}),
        _NOTE,
    )),
    Sheet("departments", "部门", ("code",), (
        _department("code", "代码"),
        Column("name", "名称", required=True),
        Column("kind", "类别", "choice", default="gov", keep=True,
               choices={"政府部门": "gov", "党群": "party", "司法": "judicial", "垂管": "vertical",
                        "公共企业": "utility", "属地": "town", "人大": "npc",
                        "gov": "gov", "party": "party", "judicial": "judicial", "vertical": "vertical",
                        "utility": "utility", "town": "town", "npc": "npc"}),
        Column("aliases", "别名", "list", default=[], most=30),
        _phone("hotline", "热线"),
        Column("restricted", "受限", "flag", default=False, keep=True),
        Column("refer_only", "只告知", "flag", default=False, keep=True),
        _NOTE,
    )),
    Sheet("officers", "联络员", ("department", "name"), (
        Column("name", "姓名", required=True, most=40),
        _department("department", "部门代码"),
        _NOTE,
    )),
    Sheet("staff", "工作人员", ("station", "name", "role"), (
        Column("name", "姓名", required=True, most=40),
        _prefix("station", "所在站前缀"),
        Column("role", "角色", "choice", required=True,
               choices={"工作人员": "staff", "管理员": "admin", "专责人员": "integrity",
                        "staff": "staff", "admin": "admin", "integrity": "integrity"}),
        _NOTE,
    )),
    Sheet("places", "地点", ("name",), (
        Column("name", "名称", required=True, most=30),
        Column("kind", "类别", "choice", default="project", keep=True,
               choices={"民生实事项目": "project", "街路": "street", "小区": "estate", "单位": "institution",
                        "project": "project", "street": "street", "estate": "estate", "institution": "institution"}),
        Column("aliases", "别名", "list", default=[], most=30),
        _department("department", "承办部门代码", required=False),
        _prefix("station", "所在站前缀"),
        Column("active", "启用", "flag", default=True, keep=True),
        _NOTE,
    )),
    Sheet("rules", "规则", ("number",), (
        Column("number", "规则编号", "code", True, pattern=r"[1-9][0-9]{0,5}", help="数字，如 1"),
        Column("words", "词", "list", default=[], most=20),
        Column("places", "地", "list", default=[], most=20),
        Column("categories", "类别代码", "list", default=[], most=8),
        _prefix("station", "站前缀"),
        Column("hours", "时间段", most=40, default=None, help="如 22:00-06:00"),
        Column("days", "日期段", most=40, default=None, help="如 2026-12-01至2027-02-28，每年：06-15至09-30"),
        _department("department", "交给部门代码"),
        Column("co", "会办部门代码", "list", default=[], most=32),
        _NOTE,
    )),
)  # fmt: skip

BY_KEY: Final = {sheet.key: sheet for sheet in SHEETS}

#: Sheets of a file that are for its reader.
IGNORED_SHEETS: Final = frozenset({"说明", "notes"})


def find_sheet(name: str) -> Sheet | None:
    """By key or heading, whatever the width and case."""
    wanted = fold(name).lower()
    return next((sheet for sheet in SHEETS if wanted in (sheet.key, sheet.heading)), None)


def is_example(cells: Mapping[str, Cell]) -> bool:
    """Whether a row is one of the template's, marked in its note."""
    note = str(cells.get("备注") or cells.get("note") or "")
    return fold(note).lower().startswith(("示例", "example"))


def choice_names(column: Column) -> list[str]:
    """The choices as offered to people: one Chinese name each."""
    names: dict[str, str] = {}
    for name, value in column.choices.items():
        names.setdefault(value, name)
    return list(names.values())
