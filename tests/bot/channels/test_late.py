"""A channel that is loaded while the rest already serves."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from structlog.testing import capture_logs

from bot.channel import Channel, Receive
from bot.channels import late
from bot.channels.late import LateChannel
from bot.message import Attachment, InboundMessage, OutboundMessage
from tests.bot.plain_channel import PlainChannel

PATH = "/plain/citizen"


@dataclass
class Platform(PlainChannel):
    """With an entrance, a link, and a record of being started and stopped."""

    life: list[str] = field(default_factory=list)

    def routes(self) -> Sequence[BaseRoute]:
        async def taken(request: Request) -> Response:
            return PlainTextResponse("taken " + (await request.body()).decode())

        return [Route(PATH, taken, methods=["POST"])]

    async def start(self, receive: Receive) -> None:
        self.life.append("started")

    async def stop(self) -> None:
        self.life.append("stopped")

    def link(self, payload: str) -> str | None:
        return f"https://plain.example/{payload}"


class Library:
    """What takes its time to load: `arrive` ends that, `fail` makes it raise."""

    def __init__(self) -> None:
        self.channel = Platform()
        self.asked = threading.Event()
        self._arrived = threading.Event()
        self._failure: Exception | None = None

    def __call__(self) -> Channel:
        self.asked.set()
        assert self._arrived.wait(10), "the test never let it arrive"
        if self._failure:
            raise self._failure
        return self.channel

    def arrive(self) -> None:
        self._arrived.set()

    def fail(self) -> None:
        self._failure = ValueError("token 1000001:canary")
        self._arrived.set()


@pytest.fixture
def library() -> Library:
    return Library()


@pytest.fixture
def channel(library: Library) -> LateChannel:
    return made_late(library)


def made_late(load: Callable[[], Channel]) -> LateChannel:
    return LateChannel("plain", "citizen", "citizen", PlainChannel().capabilities, load, paths=[PATH])


async def receive(message: InboundMessage) -> Sequence[OutboundMessage]:
    raise AssertionError("nobody writes here")


def visitor(channel: LateChannel) -> httpx.AsyncClient:
    app = Starlette(routes=list(channel.routes()))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here")


async def test_starting_waits_for_nothing_and_health_says_so(channel: LateChannel, library: Library) -> None:
    await channel.start(receive)
    assert await channel.health() == "starting"
    assert channel.link("HB") is None
    library.arrive()
    await channel.ready()
    assert await channel.health() == "ok"
    assert library.channel.life == ["started"]
    assert channel.link("HB") == "https://plain.example/HB"


async def test_health_tells_of_a_connection_that_is_not_there(library: Library) -> None:
    class Streaming(Platform):
        state = "not connected"

    library.channel = platform = Streaming()
    channel = made_late(library)
    library.arrive()
    await channel.start(receive)
    await channel.ready()
    assert await channel.health() == "not connected"
    platform.state = "ok"
    assert await channel.health() == "ok"


async def test_what_comes_and_goes_meanwhile_waits_for_it(channel: LateChannel, library: Library) -> None:
    await channel.start(receive)
    library.channel.contents["photo"] = b"a lamp"
    async with visitor(channel) as client:
        asked = asyncio.create_task(client.post(PATH, content=b"an update"))
        sent = asyncio.create_task(channel.send("42", OutboundMessage("收到")))
        fetched = asyncio.create_task(channel.fetch(Attachment("photo", reference="photo")))
        done, _ = await asyncio.wait([asked, sent, fetched], timeout=0.05)
        assert not done
        library.arrive()
        assert (await asked).text == "taken an update"
    assert await sent == "1"
    assert library.channel.texts("42") == ["收到"]
    assert await fetched == b"a lamp"


async def test_its_entrance_takes_what_the_channels_own_would(channel: LateChannel, library: Library) -> None:
    library.arrive()
    await channel.start(receive)
    async with visitor(channel) as client:
        assert (await client.get(PATH)).status_code == 405
        assert (await client.post(PATH + "/more")).status_code == 404


async def test_a_platform_that_waited_too_long_is_told_to_come_again(
    channel: LateChannel, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late, "PATIENCE", 0.0)
    await channel.start(receive)
    async with visitor(channel) as client:
        assert (await client.post(PATH)).status_code == 503
        library.arrive()
        await channel.ready()
        # Who gave up waiting has not stopped it from being loaded.
        assert (await client.post(PATH)).status_code == 200


async def test_one_that_can_not_be_loaded_is_told_and_leaves_the_rest_alone(
    channel: LateChannel, library: Library
) -> None:
    library.fail()
    with capture_logs() as logged:
        await channel.start(receive)
        with pytest.raises(ValueError, match="token"):
            await channel.ready()
        with pytest.raises(ValueError, match="token"):
            await channel.health()
        async with visitor(channel) as client:
            assert (await client.post(PATH)).status_code == 503
        with pytest.raises(ValueError, match="token"):
            await channel.send("42", OutboundMessage("收到"))
        await channel.stop()
    assert [(line["event"], line["error"]) for line in logged] == [("channel_not_loaded", "ValueError")]
    assert "canary" not in str(logged)


async def test_stopping_stops_what_was_loaded(channel: LateChannel, library: Library) -> None:
    library.arrive()
    await channel.start(receive)
    await channel.ready()
    await channel.stop()
    assert library.channel.life == ["started", "stopped"]


async def test_one_that_is_stopped_while_it_is_loaded_never_starts(channel: LateChannel, library: Library) -> None:
    await channel.start(receive)
    await asyncio.to_thread(library.asked.wait, 10)
    await channel.stop()
    library.arrive()
    # Sending still waits for it, and by then it would have started.
    await channel.send("42", OutboundMessage("收到"))
    assert library.channel.life == []


async def test_two_are_loaded_one_after_the_other() -> None:
    first, second = Library(), Library()
    channels = [made_late(first), made_late(second)]
    for channel in channels:
        await channel.start(receive)
    await asyncio.to_thread(first.asked.wait, 10)
    assert not second.asked.is_set()
    first.arrive()
    await asyncio.to_thread(second.asked.wait, 10)
    second.arrive()
    for channel in channels:
        await channel.ready()
