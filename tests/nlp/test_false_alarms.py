"""How often ordinary messages are taken for danger or corruption: on real ones, where they are at hand.

``../shared/data`` never enters the project. Nearly none of its messages is an emergency, so each alarm
counts as a false one. Figures of 22 November 2026 beside each limit, of one message in six.
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from nlp.classify import Classifier

DATA = Path(__file__).parents[3] / "shared" / "data"
EVERY = 6

pytestmark = pytest.mark.skipif(not (DATA / "titles.dev.jsonl").is_file(), reason=f"no real messages in {DATA}")


def texts(kind: str) -> list[str]:
    if kind == "titles":
        lines = (DATA / "titles.dev.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line)["title"] or "" for line in lines[::EVERY]]
    rows = [json.loads(line) for line in (DATA / "messages.dev.jsonl").read_text("utf-8").splitlines()[::EVERY]]
    return [f"{row['title'] or ''}。{(row['detail'] or '').strip()}" for row in rows]


@pytest.mark.parametrize(
    ("kind", "hard", "soft", "sealed", "held"),
    [
        ("titles", 0.002, 0.01, 0.015, 0.03),
        ("full", 0.01, 0.04, 0.06, 0.1),
    ],
)
def test_ordinary_messages_seldom_raise_an_alarm(
    classifier: Classifier, kind: str, hard: float, soft: float, sealed: float, held: float
) -> None:
    counts: Counter[str] = Counter()
    messages = texts(kind)
    for message in messages:
        reading = classifier.read(message)
        counts[reading.safety.level if reading.safety else "safe"] += 1
        counts[reading.integrity.level if reading.integrity else "clean"] += 1
    share = {level: count / len(messages) for level, count in counts.items()}
    assert share.get("hard", 0) <= hard, share
    assert share.get("soft", 0) <= soft, share
    assert share.get("sealed", 0) <= sealed, share
    assert share.get("hold", 0) <= held, share
