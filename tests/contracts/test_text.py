"""Text and JSON come back byte for byte, whatever they hold."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.inbox import InboxRecord
from storage.store import Store

BLNS = Path(__file__).parents[3] / "shared" / "corpora" / "blns" / "blns.json"
HOSTILE = ["", "\x00", "\x1a", "\x1a0000", "a\x00b\ud800\udfffc", "\ud83d\ude00", "😀", "\ufeff\u202e", "!{", "%s ? :x"]

any_text = st.text(st.characters(exclude_categories=[]), max_size=40)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)


def come_back(store: Store, texts: list[str], replies: list[dict[str, Any]]) -> None:
    """Store each text as a key that is looked up by, and the replies as JSON, and read them again."""
    with store.transaction() as unit:
        records = [InboxRecord("webchat", "citizen", text, unit.now, replies=replies) for text in dict.fromkeys(texts)]
        for record in records:
            unit.inbox.add(record)
        unit.flush()
        loaded = {}
        for row in unit.session.rows(unit.tables.inbox.select_sql):
            record = unit.tables.inbox.from_row(row)
            loaded[record.id] = record
        assert [loaded[record.id] for record in records] == records
        unit.session.rows("DELETE FROM inbox RETURNING 1")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(any_text, max_size=5), replies=st.lists(st.dictionaries(any_text, any_json, max_size=3), max_size=3)
)
def test_any_text_and_json(store: Store, texts: list[str], replies: list[dict[str, Any]]) -> None:
    come_back(store, texts, replies)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_is_found_again_by_itself(store: Store, text: str) -> None:
    with store.transaction() as unit:
        unit.inbox.add(InboxRecord("webchat", "citizen", text, unit.now, replies=[{text: text}]))
    with store.transaction() as unit:
        found = unit.inbox.get("webchat", "citizen", text)
        assert found is not None
        assert (found.external_id, found.replies) == (text, [{text: text}])
        assert unit.codes.get(text) is None
        assert unit.buttons.get(text) is None
        assert unit.cases.by_number(text) is None
        assert unit.files.by_name(text) is None


@pytest.mark.skipif(not BLNS.exists(), reason="the shared corpora are not here")
def test_the_list_of_naughty_strings(store: Store) -> None:
    strings = json.loads(BLNS.read_text("utf-8"))
    come_back(store, strings, [{text: text} for text in strings])
