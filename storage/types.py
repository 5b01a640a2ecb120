"""Column types. Each can also hand its converters to `storage.mapper`, which calls them without SQLAlchemy between."""

from collections.abc import Callable
from enum import Enum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, SmallInteger, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from storage.codec import (
    decode_json,
    decode_ms,
    decode_text,
    decode_utc,
    encode_json,
    encode_ms,
    encode_text,
    encode_utc,
)

Convert = Callable[[Any], Any]

#: A 63-bit id. On SQLite it must be called INTEGER to be the row's own address.
Id = BigInteger().with_variant(Integer(), "sqlite")


class Converted(TypeDecorator[Any]):
    """A type whose values pass through a pair of converters; None stays None."""

    impl: type[TypeEngine[Any]] = Text
    cache_ok = True

    def converters(self, dialect_name: str) -> tuple[Convert, Convert]:
        """(to the driver, from the driver) on "sqlite" or "postgresql"."""
        raise NotImplementedError

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else self.converters(dialect.name)[0](value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else self.converters(dialect.name)[1](value)


class Words(Converted):
    """Text that comes back byte for byte, whatever it holds."""

    cache_ok = True

    def converters(self, dialect_name: str) -> tuple[Convert, Convert]:
        return encode_text, decode_text


class Json(Converted):
    """JSON as text: `jsonb` reorders keys and refuses NUL, and no query looks inside."""

    cache_ok = True

    def converters(self, dialect_name: str) -> tuple[Convert, Convert]:
        return encode_json, decode_json


class UtcTime(Converted):
    """An aware datetime to the millisecond: an integer on SQLite, `timestamptz` on PostgreSQL."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(DateTime(timezone=True))

    def converters(self, dialect_name: str) -> tuple[Convert, Convert]:
        return (encode_ms, decode_ms) if dialect_name == "sqlite" else (encode_utc, decode_utc)


class EnumText(Converted):
    """An enumeration by its value; a value that the enumeration doesn't know is refused in both directions."""

    cache_ok = True

    def __init__(self, enum: type[Enum]) -> None:
        super().__init__()
        self.enum = enum

    def converters(self, dialect_name: str) -> tuple[Convert, Convert]:
        enum = self.enum

        def encode(value: Any) -> Any:
            return value._value_ if type(value) is enum else enum(value).value

        return encode, enum._value2member_map_.__getitem__


class EnumNumber(EnumText):
    """As `EnumText`, for an enumeration of small integers."""

    impl = SmallInteger
    cache_ok = True
