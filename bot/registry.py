"""Channel name → adapter, imported only when configured: aiogram alone takes seconds and 150 MB to import."""

from collections.abc import Iterable, Iterator

from bot.channel import Channel


class Channels:
    """The channels that are in use, by (name, account)."""

    def __init__(self, channels: Iterable[Channel] = ()) -> None:
        self._channels = {(channel.name, channel.account): channel for channel in channels}

    def add(self, channel: Channel) -> None:
        self._channels[channel.name, channel.account] = channel

    def get(self, name: str, account: str) -> Channel | None:
        return self._channels.get((name, account))

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._channels.values())

    def links(self, audience: str, payload: str) -> list[tuple[str, str]]:
        """(channel name, address) of every other way into a chat with this payload."""
        found = []
        for channel in self._channels.values():
            link = channel.link(payload) if channel.audience == audience else None
            if link is not None:
                found.append((channel.name, link))
        return found
