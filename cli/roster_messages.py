"""Problems of a roster file worded for the person who made it."""

import functools
from pathlib import Path
from typing import Any, Final

import yaml

from routing.roster_sheets import BY_KEY, Problem

_FILE: Final = Path(__file__).parent / "wording" / "roster.yaml"


def describe(problem: Problem, language: str = "zh") -> str:
    """One line: where, what, and what to do. `language` is "zh" or "en".

    >>> describe(Problem("roster.empty", "deputies", 3, "name"))
    '【代表】第 3 行“姓名”：不能为空。'
    """
    words = _words()
    sentence = words[problem.key][language].format(**problem.params)
    place = _place(problem, words["place"][language], language)
    colon = "：" if language == "zh" else ": "
    return f"{place}{colon}{sentence}"


def _place(problem: Problem, words: dict[str, str], language: str) -> str:
    sheet = BY_KEY.get(problem.sheet or "")
    parts = []
    if problem.sheet:
        name = sheet.heading if sheet and language == "zh" else problem.sheet
        parts.append(words["sheet"].format(sheet=name))
    if problem.row:
        parts.append(words["row"].format(row=problem.row))
    if problem.column:
        column = sheet.column(problem.column) if sheet else None
        name = column.heading if column and language == "zh" else problem.column
        parts.append(words["column"].format(column=name))
    return ("" if language == "zh" else " ").join(parts) or words["file"]


@functools.cache
def _words() -> dict[str, Any]:
    words: dict[str, Any] = yaml.safe_load(_FILE.read_text("utf-8"))
    return words
