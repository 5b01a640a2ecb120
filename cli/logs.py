"""Logs: one JSON object a line, without personal data. A key that may hold any is cut off here as a last guard."""

import contextlib
import logging
import sys
from collections.abc import Iterator, MutableMapping
from typing import Any, BinaryIO, cast

import orjson
import structlog

#: Names under which nobody may log: what people say, and who they are.
_NEVER = frozenset({"text", "body", "phone", "name", "token", "secret", "user_id", "message", "params", "exc_info"})

#: These log addresses of calls, where a token may stand; what a photo says of its taker; or every tick.
_NOISY = ("PIL", "httpx", "httpcore", "aiohttp", "aiogram", "telegram", "apscheduler", "uvicorn.access", "asyncio")


def _drop_personal(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in _NEVER & event.keys():
        event[key] = "…"
    return event


def _dump(event: MutableMapping[str, Any], **_: Any) -> bytes:
    return orjson.dumps(event, default=str)


class _Unfailing:
    """A stream of lines; one that can't be written, on a full disk, is lost, and what it tells of goes on."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, line: bytes) -> None:
        with contextlib.suppress(OSError):
            self._stream.write(line)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """For a command that tells by itself what goes wrong, and prints what programs read: no lines of ours meanwhile."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(wrapper_class=before)


def set_up(level: int = logging.INFO) -> None:
    """Send structlog's and the standard library's records to standard error."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _drop_personal,
    ]
    structlog.configure(
        # Our own lines go straight out: one is written for every request, and the standard library's way is ten times
        # the work.
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_dump)],
        logger_factory=structlog.BytesLoggerFactory(cast(BinaryIO, _Unfailing(sys.stderr.buffer))),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
