"""Multipart bodies, taken apart in memory: a citizen's photo never lies in a temporary file on the way in.

Starlette's own parser spools to disk, takes a body that breaks off for a whole one, and guesses at bytes that are not
UTF-8; here each of these is refused.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

_MOST_PARTS = 10
_MOST_HEADER = 8 * 1024


class FormError(ValueError):
    """The body is not whole and well-formed multipart."""


@dataclass(slots=True)
class Part:
    """One part; `filename` is None for a plain field. All names are the sender's claim."""

    name: str = ""
    filename: str | None = None
    mime: str = ""
    content: bytearray = field(default_factory=bytearray)

    @property
    def text(self) -> str:
        """The value of a plain field. Raises `FormError` unless it is UTF-8."""
        return _utf8(bytes(self.content))


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise FormError("not UTF-8") from None


class _Collector:
    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._field = bytearray()
        self._value = bytearray()

    def on_part_begin(self) -> None:
        if len(self.parts) >= _MOST_PARTS:
            raise FormError("too many parts")
        self.parts.append(Part())

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]
        self._bound()

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._bound()

    def _bound(self) -> None:
        if len(self._field) + len(self._value) > _MOST_HEADER:
            raise FormError("a header is too long")

    def on_header_end(self) -> None:
        name, value = bytes(self._field).lower(), bytes(self._value)
        self._field.clear()
        self._value.clear()
        part = self.parts[-1]
        if name == b"content-type":
            part.mime = value.partition(b";")[0].strip().decode("latin-1")
        elif name == b"content-disposition":
            _, options = parse_options_header(value)
            part.name = _utf8(options.get(b"name", b""))
            if b"filename" in options:
                part.filename = _utf8(options[b"filename"])

    def on_headers_finished(self) -> None:
        if not self.parts[-1].name:
            raise FormError("a part has no name")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].content += data[start:end]

    def on_end(self) -> None:
        self.ended = True


async def read_form(content_type: str, stream: AsyncIterator[bytes]) -> list[Part]:
    """The parts of a body; `stream` bounds its size. Raises `FormError`."""
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise FormError("no boundary")
    collector = _Collector()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": collector.on_part_begin,
                "on_header_field": collector.on_header_field,
                "on_header_value": collector.on_header_value,
                "on_header_end": collector.on_header_end,
                "on_headers_finished": collector.on_headers_finished,
                "on_part_data": collector.on_part_data,
                "on_end": collector.on_end,
            },
        )
        async for chunk in stream:
            parser.write(chunk)
    except FormParserError as error:
        raise FormError("malformed") from error
    if not collector.ended:
        raise FormError("broken off")
    return collector.parts
