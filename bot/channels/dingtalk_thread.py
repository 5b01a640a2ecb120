"""DingTalk's own SDK, in a thread with an event loop of its own.

The SDK brings the frames, their routing and the acknowledgements of stream mode (dingtalk-stream 0.24). What it does
not do well is kept away from us:

- Its way to the gateway is a blocking call without a time-out. Ours runs on the home loop, with the shared client and
  a backoff; only this thread waits for it.
- Its first `cancel()` is taken for a lost connection and answered with ten seconds' sleep; it is cancelled until it
  goes.
- It logs tickets, answers and whole messages; it gets a logger that says nothing, and what matters is logged here.
- It acknowledges whatever `process` returns. What could not be stored raises instead: no answer, and DingTalk sends it
  again.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from dingtalk_stream import (
    AckMessage,
    CallbackHandler,
    CallbackMessage,
    ChatbotMessage,
    Credential,
    DingTalkStreamClient,
)
from dingtalk_stream.version import VERSION_STRING

from bot.http import quiet

log = logging.getLogger(__name__)
T = TypeVar("T")

#: Takes the data of a message and says whether it may be acknowledged: True, or False when it can't be read. Raises
#: whatever keeps it from being stored.
Take = Callable[[Any], Coroutine[Any, Any, bool]]
#: The endpoint and ticket of the next connection; None when there shall be none any more.
Connect = Callable[[list[dict[str, str]], str], Coroutine[Any, Any, tuple[str, str] | None]]

USER_AGENT = f"dingtalk-sdk-python/v{VERSION_STRING}-union"
#: Seconds for the last acknowledgements to go out, and for the thread to end.
GOODBYE = 2.0
JOIN = 5.0
_SILENT = logging.getLogger(f"{__name__}.sdk")
_SILENT.disabled = True


class _Leave(BaseException):
    """Ends the SDK's endless loop, which catches every `Exception`."""


class _Client(DingTalkStreamClient):  # type: ignore[misc]  # it publishes no types
    """The SDK's client with our way to the gateway. All of it runs in the thread."""

    def __init__(self, home: asyncio.AbstractEventLoop, connect: Connect) -> None:
        # The secret stays with whoever connects.
        super().__init__(Credential("", ""), logger=_SILENT)
        self._home = home
        self._connect = connect
        self.frames: set[asyncio.Task[Any]] = set()

    def open_connection(self) -> dict[str, str]:
        """Called by the SDK before each connection; blocks the thread until there is one to be had."""
        subscriptions = [{"type": "CALLBACK", "topic": topic} for topic in self.callback_handler_map]
        try:
            connection = _at_home(self._connect(subscriptions, USER_AGENT), self._home).result()
        except Exception as error:
            log.error("dingtalk.stream_broken error=%s", type(error).__name__)
            raise _Leave from None
        if connection is None:
            raise _Leave
        endpoint, ticket = connection
        return {"endpoint": endpoint, "ticket": ticket}

    async def background_task(self, json_message: Any) -> None:
        """One frame. The SDK runs each in a task of its own."""
        task = asyncio.current_task()
        assert task is not None, "the SDK calls this in a task"
        self.frames.add(task)
        try:
            if await self.route_message(json_message) == self.TAG_DISCONNECT:
                await self.websocket.close()
        except NotTaken:
            pass
        except Exception as error:
            # A frame that is none, or a connection that closed before its acknowledgement.
            log.warning("dingtalk.frame_failed error=%s", type(error).__name__)
        finally:
            self.frames.discard(task)


class NotTaken(Exception):
    """A message that is not acknowledged; why was logged."""


class _Robot(CallbackHandler):  # type: ignore[misc]  # it publishes no types
    """Hands a message to the home loop and acknowledges it once that has stored it."""

    def __init__(self, home: asyncio.AbstractEventLoop, take: Take) -> None:
        super().__init__()
        self._home = home
        self._take = take

    async def process(self, message: CallbackMessage) -> tuple[int, str]:
        try:
            # Shielded: when the thread has to go, what is being stored is stored all the same.
            taken = await asyncio.shield(asyncio.wrap_future(_at_home(self._take(message.data), self._home)))
        except Exception:
            raise NotTaken from None
        return (AckMessage.STATUS_OK, "OK") if taken else (AckMessage.STATUS_BAD_REQUEST, "malformed")


class StreamThread:
    """One stream, from `start` to `stop`, called from the home loop, on which `take` and `connect` run."""

    def __init__(self, take: Take, connect: Connect) -> None:
        # At DEBUG they log frames, and the SDK's handlers set themselves to INFO.
        quiet("websockets", "urllib3")
        self._home = asyncio.get_running_loop()
        self._client = _Client(self._home, connect)
        self._client.register_callback_handler(ChatbotMessage.TOPIC, _Robot(self._home, take))
        quiet("dingtalk_stream.client", "dingtalk_stream.handler")
        self._thread = threading.Thread(target=self._run, name="dingtalk-stream", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    def start(self) -> None:
        self._thread.start()

    async def stop(self) -> None:
        """Send the acknowledgements of what was taken, close the connection and end the thread.

        `connect` must return None from now on. A thread that does not end in time is left behind, and logged: it is a
        daemon, and takes nothing in.
        """
        with contextlib.suppress(RuntimeError):
            # A loop that is closed already has nothing to stop.
            if self._loop is not None and self._stopping is not None:
                self._loop.call_soon_threadsafe(self._stopping.set)
        await asyncio.to_thread(self._thread.join, JOIN)
        if self._thread.is_alive():
            log.error("dingtalk.stream_stuck: its thread did not end within %g s", JOIN)

    def _run(self) -> None:
        asyncio.run(self._live())

    async def _live(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        stopping = asyncio.create_task(self._stopping.wait())
        streaming = asyncio.create_task(self._stream())
        await asyncio.wait((streaming, stopping), return_when=asyncio.FIRST_COMPLETED)
        if self._client.frames:
            await asyncio.wait(set(self._client.frames), timeout=GOODBYE)
        while not streaming.done():
            streaming.cancel()
            await asyncio.wait((streaming,), timeout=0.1)

    async def _stream(self) -> None:
        with contextlib.suppress(_Leave):
            await self._client.start()


def _at_home(work: Coroutine[Any, Any, T], home: asyncio.AbstractEventLoop) -> "Future[T]":
    """Run it on the home loop. Raises `RuntimeError` where that is closed."""
    try:
        return asyncio.run_coroutine_threadsafe(work, home)
    except RuntimeError:
        work.close()
        raise
