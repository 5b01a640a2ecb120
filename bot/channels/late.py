"""A channel whose library takes seconds to import, loaded beside everything else and not before it.

From the start on it is known, with its entrances, so that whoever lists channels finds it. Messages to it and from it
wait until it is loaded.
"""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, runtime_checkable

import structlog
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive as ReceiveBody
from starlette.types import Scope, Send

from bot.channel import Capabilities, Channel, Receive
from bot.message import Attachment, Audience, OutboundMessage

log = structlog.get_logger(__name__)

#: Seconds that a platform's request is held for a channel that is being loaded; then it gets 503, and comes again.
PATIENCE = 20.0
# Two threads that import the same packages wait for each other's, and Python unties such a knot by handing out a
# module that is half made.
_ONE_AT_A_TIME = threading.Lock()


@runtime_checkable
class Connected(Protocol):
    """A channel that keeps a connection of its own, and says how that is: "ok", or what is wrong with it."""

    @property
    def state(self) -> str: ...


class LateChannel:
    """Stands for the channel that `load` makes; `load` runs in a thread.

    It is loaded when it is started, or when something is first asked of it. `paths` are where its entrances will be.
    """

    def __init__(
        self,
        name: str,
        account: str,
        audience: Audience,
        capabilities: Capabilities,
        load: Callable[[], Channel],
        *,
        paths: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.account = account
        self.audience = audience
        self.capabilities = capabilities
        self._load = load
        self._paths = paths
        self._channel: Channel | None = None
        self._loading: asyncio.Task[Channel] | None = None
        self._starting: asyncio.Task[None] | None = None

    async def start(self, receive: Receive) -> None:
        """Returns at once; `ready` waits until messages are taken in."""
        self._starting = asyncio.create_task(self._start(receive))

    async def _start(self, receive: Receive) -> None:
        channel = await self._loaded()
        await channel.start(receive)

    async def ready(self) -> None:
        """Wait until a channel that was started takes messages in. Raises what kept it from that."""
        if self._starting is not None:
            await asyncio.shield(self._starting)

    async def health(self) -> str:
        """For `/health`: "starting", then "ok", or what is wrong with its connection, which is no reason to take the
        desk off the net. Raises what kept it from starting."""
        if self._starting is None or not self._starting.done():
            return "starting"
        await self._starting
        return self._channel.state if isinstance(self._channel, Connected) else "ok"

    async def stop(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
            # What went wrong with it was logged.
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._starting
            self._starting = None
        if self._channel is not None:
            await self._channel.stop()

    def routes(self) -> Sequence[BaseRoute]:
        return [Route(path, _Entrance(path, self._loaded), methods=["POST"]) for path in self._paths]

    async def send(self, user_id: str, message: OutboundMessage) -> str:
        return await (self._channel or await self._loaded()).send(user_id, message)

    async def fetch(self, attachment: Attachment) -> bytes:
        return await (self._channel or await self._loaded()).fetch(attachment)

    def link(self, payload: str) -> str | None:
        return self._channel.link(payload) if self._channel is not None else None

    async def _loaded(self) -> Channel:
        if self._loading is None:
            self._loading = asyncio.create_task(self._load_beside())
        # Shielded: who gives up waiting must not stop it for the others.
        return await asyncio.shield(self._loading)

    async def _load_beside(self) -> Channel:
        try:
            self._channel = await asyncio.to_thread(self._load_alone)
        except Exception as error:
            log.error("channel_not_loaded", channel=self.name, account=self.account, error=type(error).__name__)
            raise
        return self._channel

    def _load_alone(self) -> Channel:
        with _ONE_AT_A_TIME:
            return self._load()


class _Entrance:
    """The ASGI application of one path, which is the loaded channel's."""

    def __init__(self, path: str, loaded: Callable[[], Awaitable[Channel]]) -> None:
        self._path = path
        self._loaded = loaded
        self._route: BaseRoute | None = None

    async def __call__(self, scope: Scope, receive: ReceiveBody, send: Send) -> None:
        if self._route is None:
            try:
                async with asyncio.timeout(PATIENCE):
                    channel = await self._loaded()
            except Exception:
                await Response(status_code=503)(scope, receive, send)
                return
            self._route = next(route for route in channel.routes() if getattr(route, "path", "") == self._path)
        await self._route.handle(scope, receive, send)
