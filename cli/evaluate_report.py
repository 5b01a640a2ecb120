"""What `main.py evaluate` shows to people: figures, whether it is as sure as it is right, and the worst errors.

The texts of a file are shown here and nowhere else, with personal data masked.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.evaluate_words import figure, printable, shown
from nlp.evaluation import Judged
from nlp.evaluation_figures import Answer, reliability, worst
from nlp.privacy import mask
from nlp.taxonomy import Taxonomy

_WORST = 10
_LONGEST = 72
_BAR = 20


def show_figures(console: Console, file: str, figures: Mapping[str, Any]) -> None:
    """All figures, one a line."""
    table = Table(title=shown("title", file=file), show_header=False, title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    for name, value in figures.items():
        if name == "coverage":
            for share, right in value.items():
                table.add_row(figure(name, share=share), _percent(right))
        elif not name.endswith("_n"):
            table.add_row(figure(name), _worded(name, value, figures))
    console.print(table)


def show_reliability(console: Console, answers: Sequence[Answer]) -> None:
    """The calibration curve as a table; a mark shows where it should be right, a bar where it is."""
    table = Table(title=shown("reliability"), title_justify="left")
    for heading in ("said", "right", "count"):
        table.add_column(shown(heading), justify="right")
    table.add_column("")
    for n, said, right in reliability(answers):
        table.add_row(_percent(said), _percent(right), f"{n:,}", _bar(said, right))
    console.print(table)


def show_worst(console: Console, answers: Sequence[Answer], names: Mapping[str, str]) -> None:
    """The errors that it was surest of."""
    errors = worst(answers, _WORST)
    if not errors:
        return
    table = _table_of_texts(shown("worst", n=len(errors)), "expected", "given", "said")
    for answer in errors:
        expected = "/".join(names.get(code, code) for code in sorted(answer.expected))
        given = names.get(answer.given or "", answer.given or "")
        table.add_row(str(answer.line), Text(expected), Text(given), _percent(answer.said), _text(answer.text))
    console.print(table)


def show_dangers(console: Console, judged: Sequence[Judged], taxonomy: Taxonomy) -> None:
    """Dangers and hints of corruption that were missed, and those that are none."""
    missed = [one for one in judged if one.danger_missed or one.hint_missed]
    alarms = [one for one in judged if one.harmless(taxonomy) and (one.found.safety or one.found.integrity)]
    for heading, found in (("missed", missed), ("alarms", alarms)):
        if not found:
            continue
        table = _table_of_texts(shown(heading), "expected", "given")
        for one in found[:_WORST]:
            expected = "/".join(sorted(one.example.expected))
            table.add_row(str(one.example.line), Text(expected), Text(_alarm(one)), _text(one.example.text))
        if len(found) > _WORST:
            table.caption = shown("of", n=len(found))
        console.print(table)


def _alarm(judged: Judged) -> str:
    safety, integrity = judged.found.safety, judged.found.integrity
    said = [f"{shown('danger')} {safety.name}"] if safety else []
    said += [shown("integrity")] if integrity else []
    return "、".join(said) or shown("no_danger")


def _table_of_texts(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(shown("line"), justify="right")
    for heading in headings:
        table.add_column(shown(heading), justify="right" if heading == "said" else "left")
    table.add_column(shown("text"), overflow="fold")
    return table


def _text(text: str) -> Text:
    masked = printable(mask(text[: _LONGEST * 4]))
    # `Text`, because a citizen's [brackets] are not markup.
    return Text(masked if len(masked) <= _LONGEST else f"{masked[:_LONGEST]}…")


def _worded(name: str, value: float, figures: Mapping[str, Any]) -> str:
    if name == "n":
        return f"{value:,}"
    if name == "us_per_message":
        return f"{value:,.0f} µs"
    of = figures.get(_COUNTED_ON.get(name, ""))
    return _percent(value) if of is None else "–" if not of else f"{_percent(value)}　{shown('of', n=of)}"


#: Which count of the JSON says how many a share is of; a share of nothing is shown as a dash.
_COUNTED_ON = {
    "leaf_top1": "leaf_n",
    "leaf_top3": "leaf_n",
    "department_top1": "leaf_n",
    "none": "leaf_n",
    "safety_recall": "safety_n",
    "integrity_recall": "integrity_n",
    "false_alarms_hard": "harmless_n",
    "false_alarms_soft": "harmless_n",
    "integrity_false_alarms": "harmless_n",
}


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _bar(said: float, right: float) -> Text:
    cells = ["█" if at < round(right * _BAR) else "·" for at in range(_BAR + 1)]
    cells[round(said * _BAR)] = "┃"
    return Text("".join(cells), style="cyan")


def names_of(codes: Iterable[str], taxonomy: Taxonomy) -> dict[str, str]:
    """Departments' names by code, in the taxonomy's order; other codes stand for themselves."""
    wanted = set(codes)
    known = {code: department.name for code, department in taxonomy.departments.items() if code in wanted}
    return known | {code: code for code in sorted(wanted - set(known))}
