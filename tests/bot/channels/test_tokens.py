"""One access token for all processes, on both databases: fetched once, kept sealed, and an alarm when it is no good."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.channel import PermanentFailure, RateLimited, TemporaryFailure
from bot.channels import tokens as module
from bot.channels.tokens import LEASE, RENEW_BEFORE, TokenHolder, TokenRefused
from routing.platform_token import PlatformToken
from storage.sealer import AesSealer
from storage.store import Store
from tests.conftest import Clock

LIFETIME = 7200.0


class Server:
    """Gives t1, t2, …; each until the next one is made void. `failures` come first."""

    def __init__(self) -> None:
        self.fetches = 0
        self.made = 0
        self.failures: list[Exception] = []
        self.hold: asyncio.Event | None = None
        self.void: set[str] = set()
        self.stuck = False

    async def fetch(self) -> tuple[str, float]:
        self.fetches += 1
        if self.hold is not None:
            await self.hold.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.made += not (self.stuck and self.made)
        return f"t{self.made}", LIFETIME

    async def call(self, token: str) -> str:
        if token in self.void:
            raise TokenRefused
        return token


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def holder(store: Store, server: Server, clock: Clock) -> Callable[[], TokenHolder]:
    """Makes the holder of another process."""
    return lambda: TokenHolder(server.fetch, store.writer, "wechat", "wx1", clock)


def row(store: Store) -> PlatformToken:
    with store.transaction() as uow:
        found = uow.tokens.get("wechat", "wx1")
        assert found is not None
        return found


async def test_it_is_fetched_once_and_kept_sealed(
    store: Store, server: Server, holder: Callable[[], TokenHolder], clock: Clock
) -> None:
    first, second = holder(), holder()
    assert [await first.token(), await first.token(), await second.token()] == ["t1"] * 3
    assert server.fetches == 1
    kept = row(store)
    assert kept.sealed is not None
    assert "t1" not in kept.sealed
    assert store.sealer.open(kept.sealed) == "t1"
    assert kept.ends_at == clock.now + timedelta(seconds=LIFETIME)
    assert (kept.lease_owner, kept.failures, kept.trouble) == (None, 0, None)


async def test_it_is_renewed_before_its_end_and_the_others_go_on_meanwhile(
    server: Server, holder: Callable[[], TokenHolder], clock: Clock
) -> None:
    first, second = holder(), holder()
    assert await first.token() == await second.token() == "t1"
    clock.move(seconds=LIFETIME - RENEW_BEFORE.total_seconds())
    server.hold = asyncio.Event()
    fetching = asyncio.create_task(first.token())
    while server.fetches < 2:  # noqa: ASYNC110 - the fake server has no event to wait for
        await asyncio.sleep(0.002)
    # Another caller of the same process, and another process: neither waits, and neither fetches.
    assert await first.token() == "t1"
    assert await second.token() == "t1"
    server.hold.set()
    assert await fetching == "t2"
    assert await second.token() == "t2"
    assert server.fetches == 2


async def test_without_a_token_the_others_wait_for_whoever_fetches(
    server: Server, holder: Callable[[], TokenHolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.005)
    server.hold = asyncio.Event()
    asking = [asyncio.create_task(holder().token()) for _ in range(4)]
    await asyncio.sleep(0.05)
    assert not any(task.done() for task in asking)
    server.hold.set()
    assert await asyncio.gather(*asking) == ["t1"] * 4
    assert server.fetches == 1


async def test_nobody_waits_for_ever_for_whoever_fetches(
    server: Server, holder: Callable[[], TokenHolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.005)
    monkeypatch.setattr(module, "LOOK_FOR", 0.05)
    server.hold = asyncio.Event()
    slow = asyncio.create_task(holder().token())
    while server.fetches < 1:  # noqa: ASYNC110 - the fake server has no event to wait for
        await asyncio.sleep(0.002)
    with pytest.raises(RateLimited) as limited:
        await holder().token()
    assert limited.value.retry_after == 1
    server.hold.set()
    assert await slow == "t1"


async def test_a_process_that_died_while_fetching_holds_nobody_up_for_long(
    server: Server, holder: Callable[[], TokenHolder], clock: Clock
) -> None:
    server.hold = asyncio.Event()
    dying = asyncio.create_task(holder().token())
    while server.fetches < 1:  # noqa: ASYNC110 - the fake server has no event to wait for
        await asyncio.sleep(0.002)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    server.hold = None
    clock.move(seconds=LEASE.total_seconds())
    assert await holder().token() == "t1"


async def test_one_that_is_refused_is_renewed_once_by_one_process(
    server: Server, holder: Callable[[], TokenHolder]
) -> None:
    first, second = holder(), holder()
    assert await first.use(server.call) == await second.use(server.call) == "t1"
    server.void.add("t1")
    assert await first.use(server.call) == "t2"
    assert await second.use(server.call) == "t2", "it takes what the other one fetched"
    assert server.fetches == 2


async def test_one_that_is_refused_again_is_an_alarm_and_rests(
    store: Store, server: Server, holder: Callable[[], TokenHolder], clock: Clock
) -> None:
    first, second = holder(), holder()
    assert await first.use(server.call) == await second.use(server.call) == "t1"
    server.void.update(("t1", "t2"))
    with capture_logs() as logged, pytest.raises(RateLimited) as limited:
        await first.use(server.call)
    assert limited.value.retry_after == module.REFUSED.total_seconds()
    assert [entry["event"] for entry in logged if entry["log_level"] == "error"] == ["platform_token.refused_twice"]
    assert "t2" not in repr(logged)
    assert (row(store).trouble, row(store).trouble_since, row(store).sealed) == ("refused", clock.now, None)
    for each in (first, second):
        with pytest.raises(RateLimited):
            await each.use(server.call)
    assert server.fetches == 2, "and nobody asks for the next one before it rested"
    clock.move(seconds=module.REFUSED.total_seconds())
    assert await first.use(server.call) == "t3"
    assert row(store).trouble is None
    assert await second.use(server.call) == "t3"


async def test_a_platform_that_gives_the_refused_one_again_is_called_once_more_and_no_further(
    store: Store, server: Server, holder: Callable[[], TokenHolder]
) -> None:
    """`stable_token` gives the same until its end is near. A call of 488 fetches has been seen elsewhere."""
    calls = 0
    server.stuck = True
    server.void.add("t1")

    async def call(token: str) -> str:
        nonlocal calls
        calls += 1
        return await server.call(token)

    with pytest.raises(RateLimited):
        await holder().use(call)
    assert (server.fetches, calls) == (2, 2)
    assert row(store).trouble == "refused"


async def test_a_token_server_that_fails_for_an_hour(
    store: Store, server: Server, holder: Callable[[], TokenHolder], clock: Clock
) -> None:
    """The old token goes on while it lives; then the account waits; and the server is not hammered."""
    one = holder()
    assert await one.token() == "t1"
    clock.move(seconds=LIFETIME - RENEW_BEFORE.total_seconds())
    began, ended = clock.now, clock.now + timedelta(hours=1)
    waits: list[float] = []
    old = 0
    with capture_logs() as logged:
        while clock.now < ended:
            server.failures = [TemporaryFailure("status 502") if server.fetches % 2 else PermanentFailure("40125")]
            try:
                assert await one.token() == "t1"
                old += 1
                clock.move(seconds=10)
            except RateLimited as limited:
                waits.append(limited.retry_after)
                clock.move(seconds=limited.retry_after)
    assert old == 30, "for its last five minutes"
    assert row(store).trouble == "fetch"
    assert row(store).trouble_since == began
    assert 10 <= server.fetches - 1 <= 20, "two, five, fifteen, sixty seconds, then every five minutes"
    assert all(1 <= wait <= 300 for wait in waits)
    server.failures.clear()
    clock.move(seconds=300)
    assert await one.token() == "t2"
    assert (row(store).trouble, row(store).failures, row(store).retry_at) == (None, 0, None)
    assert {entry["event"] for entry in logged} == {"platform_token.not_fetched"}


async def test_the_alarm_of_a_refused_token_is_not_taken_back_by_a_fetch_that_fails(
    store: Store, server: Server, holder: Callable[[], TokenHolder], clock: Clock
) -> None:
    one = holder()
    server.void.update(("t1", "t2"))
    with pytest.raises(RateLimited):
        await one.use(server.call)
    clock.move(seconds=module.REFUSED.total_seconds())
    server.failures = [TemporaryFailure("status 502")]
    with pytest.raises(RateLimited):
        await one.use(server.call)
    assert row(store).trouble == "refused"


async def test_a_clock_that_was_set_back_stops_nothing_for_long(
    server: Server, holder: Callable[[], TokenHolder], clock: Clock
) -> None:
    server.failures = [TemporaryFailure("status 502")]
    one = holder()
    with pytest.raises(RateLimited):
        await one.token()
    clock.move(hours=-3)
    assert await one.token() == "t1"


async def test_one_that_was_sealed_with_a_lost_key_is_fetched_anew(
    store_url: str, store: Store, server: Server, holder: Callable[[], TokenHolder], clock: Clock, tmp_path: Path
) -> None:
    assert await holder().token() == "t1"
    other = Store(store_url, clock=clock, sealer=AesSealer("another key"), data_dir=tmp_path / "other")
    try:
        assert await TokenHolder(server.fetch, other.writer, "wechat", "wx1", clock).token() == "t2"
    finally:
        await other.aclose()


@pytest.mark.postgresql
async def test_four_writers_share_one_token(
    postgresql_url: str, server: Server, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each its own connection, as four processes have: through a fetch, a renewal near the end, and a refusal."""
    monkeypatch.setattr(module, "LOOK_EVERY", 0.01)
    stores = [
        Store(postgresql_url, clock=clock, sealer=AesSealer("test key"), data_dir=tmp_path / str(n)) for n in range(4)
    ]
    try:
        holders = [TokenHolder(server.fetch, store.writer, "wechat", "wx1", clock) for store in stores]

        async def all_ask() -> set[str]:
            return set(await asyncio.gather(*(holder.use(server.call) for holder in holders for _ in range(5))))

        assert await all_ask() == {"t1"}
        assert server.fetches == 1
        clock.move(seconds=LIFETIME - 60)
        assert await all_ask() <= {"t1", "t2"}
        assert server.fetches == 2
        server.void.update(("t1", "t2"))
        assert await all_ask() == {"t3"}
        assert server.fetches == 3
    finally:
        for store in stores:
            await store.aclose()
