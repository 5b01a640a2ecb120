"""Values as they are stored."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.codec import (
    decode_json,
    decode_ms,
    decode_text,
    encode_json,
    encode_ms,
    encode_text,
    encode_utc,
)

any_text = st.text(st.characters(exclude_categories=[]))


@given(any_text)
def test_text_comes_back_from_what_both_databases_take(text: str) -> None:
    stored = encode_text(text)
    stored.encode("utf-8")
    assert "\x00" not in stored
    assert decode_text(stored) == text


@given(any_text, any_text)
def test_different_texts_are_stored_differently(one: str, other: str) -> None:
    assert (one == other) == (encode_text(one) == encode_text(other))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
        lambda inner: st.lists(inner) | st.dictionaries(any_text, inner),
    )
)
def test_json_comes_back_from_plain_text(value: Any) -> None:
    stored = encode_json(value)
    assert encode_text(stored) == stored
    assert decode_json(stored) == value


@dataclass
class Something:
    text: str


@pytest.mark.parametrize("value", [datetime.now(UTC), {1: "x"}, {1: "\ud800"}, Something("x"), {"x": b"bytes"}, {1, 2}])
def test_what_would_come_back_as_something_else_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        encode_json([value])


@given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
def test_times_come_back_to_the_millisecond(at: datetime) -> None:
    utc = at.astimezone(UTC)
    whole = utc - timedelta(microseconds=utc.microsecond % 1000)
    assert decode_ms(encode_ms(utc)) == decode_ms(encode_ms(at)) == whole
    assert encode_utc(utc) == encode_utc(at) == whole


def test_a_time_is_the_same_instant_in_every_zone() -> None:
    shanghai = timezone(timedelta(hours=8))
    at = datetime(2026, 11, 23, 10, 0, 0, 999_999, tzinfo=shanghai)
    assert encode_ms(at) == encode_ms(at.astimezone(UTC))
    assert encode_utc(at).isoformat() == "2026-11-23T02:00:00.999000+00:00"


@pytest.mark.parametrize("encode", [encode_ms, encode_utc])
def test_a_time_without_a_zone_is_refused(encode: Any) -> None:
    with pytest.raises(ValueError, match="time zone"):
        encode(datetime(2026, 1, 1))  # noqa: DTZ001
