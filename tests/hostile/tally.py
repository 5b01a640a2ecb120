"""How much was sent through each entrance and what came of it, told at the end of a run."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

#: A test's property that holds its part.
PROPERTY = "hostile"
#: The server's paths by what a visitor would call them; the first that fits.
_ENTRANCES = (
    ("/telegram/", "Telegram webhooks"), ("/chat", "web chat"), ("/desk/", "members' desks"), ("/join/", "invitations"),
    ("/c", "landing pages"), ("", "other paths"),
)  # fmt: skip


@dataclass
class Tally:
    """Cases by entrance, and by how many kilobytes the server has grown."""

    cases: Counter[str] = field(default_factory=Counter)
    growth: list[int] = field(default_factory=list)


def served(log: str) -> Counter[str]:
    """Cases by entrance in what the server logged, and how many of them it answered 5xx."""
    found: Counter[str] = Counter()
    for line in log.splitlines():
        if '"event": "request"' not in line and '"event":"request"' not in line:
            continue
        said = json.loads(line)
        found[next(name for start, name in _ENTRANCES if said["route"].startswith(start))] += 1
        found["answered 5xx"] += said["status"] >= 500
    return found


def summary(properties: Iterable[dict[str, Any]]) -> list[str]:
    """Lines for the end of a run; none where nothing hostile was played."""
    cases: Counter[str] = Counter()
    growth: list[int] = []
    for part in properties:
        cases.update(part["cases"])
        growth += part["growth"]
    if not cases:
        return []
    failures = cases.pop("answered 5xx", 0)
    lines = [f"{count:8,}  {name}" for name, count in sorted(cases.items(), key=lambda item: -item[1])]
    lines.append(f"{cases.total():8,}  cases in all; {failures} answered 5xx; tracebacks and leaks would have failed")
    if growth:
        lines.append(f"{max(growth) / 1024:8.0f}  MB, the most that a server had grown by after a test")
    return lines
