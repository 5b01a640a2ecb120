"""Counters for `/metrics`, in the text format of Prometheus. Labels come from fixed sets, never from a person."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bot.channel import Receive
from bot.message import InboundMessage, OutboundMessage
from routing.errors import StorageUnavailable

Counts = Callable[[], Awaitable[Mapping[str, int]]]


class Metrics:
    """`notices` gives the number of notices by state when the page is asked for, `troubles` what keeps us from
    keeping what comes in, by part, and `tokens` whether somebody must look into the access token of a channel."""

    def __init__(
        self,
        notices: Counts | None = None,
        troubles: Callable[[], Mapping[str, str]] = dict,
        tokens: Counts | None = None,
    ) -> None:
        self._registry = CollectorRegistry()
        self._notices = notices
        self._troubles = troubles
        self._tokens = tokens
        self._requests = Counter(
            "mashang_http_requests", "Requests by route and status.", ["method", "route", "status"],
            registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "mashang_http_request_seconds", "Time to the end of the answer, streams left out.", ["route"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15), registry=self._registry,
        )  # fmt: skip
        self._messages = Counter(
            "mashang_messages_in", "Messages taken in (a repeat counts again).", ["channel", "account", "kind"],
            registry=self._registry,
        )  # fmt: skip
        # Looking a child up by its labels takes longer than counting; there are few, from fixed sets.
        self._by_request: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._by_message: dict[tuple[str, str, str], Counter] = {}
        self._by_state = Gauge("mashang_notices", "Notices by state.", ["state"], registry=self._registry)
        self._token_trouble = Gauge(
            "mashang_token_trouble", "1 while a platform gives no access token, or refuses it.", ["channel"],
            registry=self._registry,
        )  # fmt: skip
        self._in_trouble = Gauge(
            "mashang_trouble", "1 while a part can't keep what comes in.", ["part"], registry=self._registry
        )

    def request(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """One answered request; `route` is the template of its path, `seconds` None for a stream."""
        known = self._by_request.get((method, route, status))
        if known is None:
            known = self._requests.labels(method, route, str(status)), self._seconds.labels(route)
            self._by_request[method, route, status] = known
        requests, took = known
        requests.inc()
        if seconds is not None:
            took.observe(seconds)

    def counting(self, receive: Receive) -> Receive:
        """`receive`, with every message that it took counted."""

        async def counted(message: InboundMessage) -> Sequence[OutboundMessage]:
            replies = await receive(message)
            key = message.channel, message.account, message.kind
            known = self._by_message.get(key)
            if known is None:
                known = self._by_message[key] = self._messages.labels(*key)
            known.inc()
            return replies

        return counted

    async def page(self) -> bytes:
        for part in ("writing", "disk", "scanner"):
            self._in_trouble.labels(part).set(part in self._troubles())
        # Without the database, the rest is worth all the more.
        for gauge, counts in ((self._by_state, self._notices), (self._token_trouble, self._tokens)):
            if counts is not None:
                gauge.clear()
                with contextlib.suppress(StorageUnavailable):
                    for label, count in (await counts()).items():
                        gauge.labels(label).set(count)
        return generate_latest(self._registry)
