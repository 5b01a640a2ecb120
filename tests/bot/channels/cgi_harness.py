"""What the harnesses of WeChat and of WeCom share: encrypted XML in, calls below /cgi-bin/ out."""

import contextlib
import socket
from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, TypeVar

from tests.bot.channels.envelopes import Sealed
from tests.bot.channels.handing import HandedReceipt, Hands, post_hostile
from tests.bot.channels.harness import Fault, Harness, Inbound, Receipt
from tests.bot.channels.telegram_harness import serve
from tests.fakes.cgi_server import CgiServer

NOW = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
F = TypeVar("F", bound=CgiServer[Any])


class CgiHarness(Harness, Generic[F]):
    features = frozenset({"gone"})
    # It never says how long to wait, and people don't move. A token that is refused keeps the whole account waiting,
    # which test_tokens.py looks at.
    faults = frozenset(Fault) - {Fault.RATE_LIMITED, Fault.MOVED, Fault.WRONG_TOKEN}
    #: What the callback's envelopes are sealed with, and the codes that mean these faults.
    account: ClassVar[Sealed]
    codes: ClassVar[Mapping[Fault, int]]

    def __init__(self, fake: F) -> None:
        super().__init__()
        self.fake = fake
        self.receipts: list[HandedReceipt] = []

    @abstractmethod
    def sender(self, user_id: str) -> Hands:
        """The person at the platform."""

    @abstractmethod
    def xml(self, inbound: Inbound) -> str:
        """The message as the platform words it."""

    def hand(self, person: str, xml: str) -> HandedReceipt:
        self.receipts.append(HandedReceipt(self.sender(person), xml))
        return self.receipts[-1]

    async def deliver(self, inbound: Inbound) -> Receipt:
        return self.hand(inbound.user_id, self.xml(inbound))

    async def repeat(self, receipt: Receipt) -> Receipt:
        assert isinstance(receipt, HandedReceipt)
        return self.hand(self.people[0], receipt.xml)

    def inject(self, fault: Fault) -> None:
        kinds = {
            Fault.SERVER_ERROR: "bad_gateway", Fault.PROXY_REFUSAL: "html", Fault.HANG: "hang", Fault.RESET: "reset",
            Fault.MALFORMED: "malformed",
        }  # fmt: skip
        if fault in self.codes:
            self.fake.account.fail("errcode", code=self.codes[fault])
        else:
            self.fake.account.fail(kinds[fault])

    def lose_files(self) -> None:
        self.fake.account.media.clear()

    async def hostile(self, body: bytes, *, authentic: bool = True) -> int | None:
        ours = self.account
        account = ours if authentic else Sealed("another0token", ours.aes_key, ours.receiver)
        return await post_hostile(self.fake, account, body, NOW)

    def body(self, inbound: Inbound) -> bytes:
        return self.xml(inbound).encode()

    @contextlib.asynccontextmanager
    async def listening(self, listener: socket.socket) -> AsyncIterator[None]:
        """Serve and start the channel."""
        async with serve(self.channel, listener):
            await self.channel.start(self.receive)
            try:
                yield
            finally:
                self.receive.release()
                for receipt in self.receipts:
                    receipt.give_up()
                await self.channel.stop()
