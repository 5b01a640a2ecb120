"""A routing rule as it is typed on one line, taken apart; nothing in it is looked up here.

词 路灯、灯杆 地 幸福路、口袋公园 站 HB 时 22:00-06:00 日 06-15至09-30 类 CG04 交 城管 会办 住建
word lamp place park station HB hours 22:00-06:00 days 06-15~09-30 category CG04 to zhzf co zhujian
"""

import re
from dataclasses import dataclass, field
from typing import Final

from nlp.scripts import to_simplified
from routing.errors import Refused

#: Characters of a line.
MAX_LINE: Final = 600

_FIELDS: Final = {
    "词": "words", "word": "words", "words": "words",
    "地": "places", "place": "places", "places": "places",
    "站": "station", "station": "station",
    "时": "hours", "hours": "hours",
    "日": "days", "days": "days",
    "类": "categories", "category": "categories",
    "交": "department", "to": "department",
    "会办": "co", "co": "co",
}  # fmt: skip
_ARROW: Final = re.compile(r"\s*(?:→|->|=>|⇒|➡)\s*")
_GLUED: Final = re.compile(r"(?:(?<=\s)|^)(词|詞|地|站|时|時|日|类|類|交|会办|會辦)[:：]\s*")
_BETWEEN: Final = re.compile(r"[\s、，,;；]+")


@dataclass(slots=True)
class RuleLine:
    """What was typed under each heading, in its order."""

    words: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    station: list[str] = field(default_factory=list)
    hours: list[str] = field(default_factory=list)
    days: list[str] = field(default_factory=list)
    department: list[str] = field(default_factory=list)
    co: list[str] = field(default_factory=list)


def is_line(text: str) -> bool:
    """Whether a text is meant as a rule: it says where to."""
    return bool(_ARROW.search(text)) or any(_FIELDS.get(to_simplified(w).lower()) == "department" for w in text.split())


def read_line(text: str) -> RuleLine:
    """Take a line apart.

    Raises:
        Refused: `rules.too_long`; `rules.line_wrong` where something stands under no heading; `rules.nowhere` when it
            doesn't say where to.
    """
    if len(text) > MAX_LINE:
        raise Refused("rules.too_long", limit=MAX_LINE)
    spread = _GLUED.sub(r"\1 ", _ARROW.sub(" 交 ", text))
    line, heading = RuleLine(), ""
    for typed in _BETWEEN.split(spread.strip()):
        if not typed:
            continue
        found = _FIELDS.get(to_simplified(typed).lower())
        if found is not None:
            heading = found
        elif heading:
            getattr(line, heading).append(typed)
        else:
            raise Refused("rules.line_wrong", said=typed[:20])
    if not line.department:
        raise Refused("rules.nowhere")
    for single in (line.department, line.station):
        if len(single) > 1:
            raise Refused("rules.line_wrong", said=single[1][:20])
    return line
