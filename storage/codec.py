"""How values are written so that they come back exactly: text byte for byte, times to the millisecond, JSON.

Neither database stores every string that Python can hold: PostgreSQL refuses NUL, both refuse lone surrogates (which a
hostile JSON body can carry). `\\x1a` (SUBSTITUTE), which no keyboard types, therefore escapes: it is followed by the
four hexadecimal digits of the code unit that it stands for, itself included.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

_ESCAPE = "\x1a"
_UNSAFE = re.compile("[\x00\x1a\ud800-\udfff]")
_ESCAPED = re.compile("\x1a([0-9a-f]{4})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
#: Marks JSON whose strings are escaped as above, because orjson would not take them.
_ESCAPED_JSON = "!"
_ORJSON_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def encode_text(text: str) -> str:
    """A string that both databases store, from any string."""
    if _UNSAFE.search(text) is None:
        return text
    return _UNSAFE.sub(lambda match: f"{_ESCAPE}{ord(match[0]):04x}", text)


def decode_text(stored: str) -> str:
    """The inverse of `encode_text`."""
    if _ESCAPE not in stored:
        return stored
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), stored)


def encode_json(value: Any) -> str:
    """JSON text of lists, string-keyed dicts, strings, numbers, booleans and None.

    Raises `TypeError` for anything that would come back as something else (dates, dataclasses, other keys).
    """
    try:
        return orjson.dumps(value, option=_ORJSON_OPTIONS).decode()
    except orjson.JSONEncodeError:
        return _ESCAPED_JSON + json.dumps(_map_strings(value, encode_text), ensure_ascii=False, separators=(",", ":"))


def decode_json(stored: str) -> Any:
    """The inverse of `encode_json`; tuples come back as lists."""
    if stored.startswith(_ESCAPED_JSON):
        return _map_strings(json.loads(stored[1:]), decode_text)
    return orjson.loads(stored)


def _map_strings(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list | tuple):
        return [_map_strings(item, change) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("JSON objects have strings as keys")
        return {change(key): _map_strings(item, change) for key, item in value.items()}
    return value


def encode_ms(at: datetime) -> int:
    """Milliseconds since 1970 UTC, rounded down. Raises `ValueError` for a naive datetime."""
    if at.tzinfo is None:
        raise ValueError("a datetime without a time zone can't be stored")
    return (at - _EPOCH) // _MILLISECOND


def decode_ms(ms: int) -> datetime:
    """Aware UTC datetime, from milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=ms)


def encode_utc(at: datetime) -> datetime:
    """`at` in UTC, rounded down to whole milliseconds. Raises `ValueError` for a naive datetime."""
    if at.tzinfo is None:
        raise ValueError("a datetime without a time zone can't be stored")
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    rest = at.microsecond % 1000
    return at.replace(microsecond=at.microsecond - rest) if rest else at


def decode_utc(at: datetime) -> datetime:
    """`at` with Python's own UTC as its zone, whatever zone object the driver made."""
    return at.astimezone(UTC)
