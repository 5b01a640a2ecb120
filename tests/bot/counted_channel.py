"""A channel whose platform counts: as plain as `PlainChannel`, with windows and templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bot.channel import Capabilities
from bot.message import OutboundMessage
from routing.windows import Window, Windows
from tests.bot.plain_channel import PlainChannel

WECHAT = Windows(MappingProxyType({"message": Window(5, 48 * 3600), "tap": Window(3, 60)}))
WECOM = Windows(rates=(Window(30, 60), Window(1000, 3600)))


def counting(windows: Windows) -> Capabilities:
    return Capabilities(text_limit=4096, per_second=0, windows=windows)


@dataclass
class CountedPlain(PlainChannel):
    """A text is cut at each bar. `templates` are the kinds that can be announced, `announced` who was told of what;
    `refusals` are raised by the next announcements, in order."""

    name: str = "counted"
    capabilities: Capabilities = field(default_factory=lambda: counting(WECHAT))
    templates: set[str] = field(default_factory=set)
    announced: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    refusals: list[Exception] = field(default_factory=list)

    def parts(self, message: OutboundMessage) -> Sequence[OutboundMessage]:
        return [replace(message, text=text) for text in message.text.split("|")]

    def announces(self, kind: str) -> bool:
        return kind in self.templates

    async def announce(self, user_id: str, kind: str, fields: Mapping[str, str]) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.announced.append((user_id, kind, fields))
