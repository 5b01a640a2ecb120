"""Plain dialogues that are played against the real parts: by `main.py demo`, and by the tests on every channel.

    # a remark
    群众 扫码 HB 086              somebody scans the code of deputy 086 of station HB (or of station HB alone)
    代表 接受邀请 deputy 林秋      somebody takes a one-time invitation (role, name as in the roster)
    群众：路灯不亮                 says a text; 〔编号〕 is the last case number that anybody was told
    群众［说完了，提交］            presses the button with this label on the last message that has it
    群众 发照片 ／ 群众 发位置 30.25,120.16
    群众 听到：收到了……编号        expects the next messages to this person to hold these pieces, in this order
    代表 没听到：编号              expects that nothing unread to this person holds this
    （过 24 小时）                 time goes on; what falls due is done

Every line is one of these; an unknown one raises `TranscriptError` with its number.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

_NUMBER = re.compile(r"[A-Z]{2,6}-\d{6}-[0-9A-Z]{3,6}")
_SAYS = re.compile(r"^(\S+?)：(.+)$")
_PRESSES = re.compile(r"^(\S+?)［(.+)］$")
_HEARS = re.compile(r"^(\S+?) 听到：(.+)$")
_HEARS_NOT = re.compile(r"^(\S+?) 没听到：(.+)$")
_WAITS = re.compile(r"^（过 (\d+) (分钟|小时|天)）$")
_SECONDS = {"分钟": 60, "小时": 3600, "天": 86400}


class TranscriptError(Exception):
    """A line can't be read, or what it expects did not happen."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as a person sees it: its text and the labels of its buttons."""

    text: str
    buttons: tuple[str, ...] = ()


class Chat(Protocol):
    """One person's chat on one channel."""

    async def scan(self, code: str) -> None: ...
    async def join(self, secret: str) -> None: ...
    async def say(self, text: str) -> None: ...
    async def press(self, label: str) -> None:
        """Press the newest button with this label. Raises `LookupError` when there is none."""
        ...

    async def photo(self) -> None: ...
    async def place(self, lat: float, lon: float) -> None: ...
    async def unread(self) -> list[Heard]:
        """What came since the last call, in order."""
        ...


class Stage(Protocol):
    """Where a dialogue is played."""

    def chat(self, who: str) -> Chat:
        """The chat of a person; a new one at the first call."""
        ...

    async def code(self, station: str, deputy: str | None) -> str: ...
    async def invitation(self, role: str, name: str) -> str: ...
    async def wait(self, seconds: float) -> None:
        """Let time go on and everything that falls due be done and delivered."""
        ...

    async def settle(self) -> None:
        """Deliver what is in the outbox."""
        ...


Show = Callable[[str, str, tuple[str, ...]], None]


@dataclass(slots=True)
class Performance:
    """Plays the lines of a transcript on a stage. `show(who, text, buttons)` sees everything that is said."""

    stage: Stage
    show: Show = lambda who, text, buttons: None
    number: str = ""
    _unread: dict[str, list[Heard]] = field(default_factory=dict)
    _people: list[str] = field(default_factory=list)

    async def play(self, script: str) -> None:
        """Raises `TranscriptError` naming the first line that fails."""
        for at, raw in enumerate(script.splitlines(), start=1):
            line = raw.strip().strip("\u3000")
            if not line or line.startswith("#"):
                continue
            try:
                await self._line(line)
            except (LookupError, AssertionError, TranscriptError) as error:
                raise TranscriptError(f"line {at}: {line}\n{error}") from error

    async def _line(self, line: str) -> None:
        if match := _WAITS.match(line):
            self.show("", line, ())
            await self.stage.wait(int(match[1]) * _SECONDS[match[2]])
            await self._listen()
        elif match := _HEARS.match(line):
            self._expect(match[1], self._fill(match[2]).split("……"))
        elif match := _HEARS_NOT.match(line):
            self._expect_not(match[1], self._fill(match[2]))
        elif match := _PRESSES.match(line):
            self.show(match[1], f"［{match[2]}］", ())
            await self._act(match[1], lambda chat: chat.press(match[2]))
        elif match := _SAYS.match(line):
            said = self._fill(match[2])
            self.show(match[1], said, ())
            await self._act(match[1], lambda chat: chat.say(said))
        else:
            await self._other(line)

    async def _other(self, line: str) -> None:
        who, verb, *rest = line.split()
        self.show(who, " ".join([verb, *rest]), ())
        if verb == "扫码":
            code = await self.stage.code(rest[0], rest[1] if len(rest) > 1 else None)
            await self._act(who, lambda chat: chat.scan(code))
        elif verb == "接受邀请":
            secret = await self.stage.invitation(rest[0], rest[1])
            await self._act(who, lambda chat: chat.join(secret))
        elif verb == "发照片":
            await self._act(who, lambda chat: chat.photo())
        elif verb == "发位置":
            lat, lon = (float(part) for part in rest[0].split(","))
            await self._act(who, lambda chat: chat.place(lat, lon))
        else:
            raise TranscriptError("this line can't be read")

    async def _act(self, who: str, do: Callable[[Chat], Awaitable[None]]) -> None:
        if who not in self._people:
            self._people.append(who)
        await do(self.stage.chat(who))
        await self.stage.settle()
        await self._listen()

    async def _listen(self) -> None:
        for who in self._people:
            for heard in await self.stage.chat(who).unread():
                self.show(f"→{who}", heard.text, heard.buttons)
                self._unread.setdefault(who, []).append(heard)
                for number in _NUMBER.findall(heard.text):
                    if "例如" not in heard.text:
                        self.number = number

    def _fill(self, text: str) -> str:
        return text.replace("〔编号〕", self.number)

    def _expect(self, who: str, pieces: list[str]) -> None:
        """Find the pieces in order in the unread messages; what came before the last one found counts as read."""
        messages = self._unread.get(who, [])
        found = 0
        for at, heard in enumerate(messages):
            content = "\n".join((heard.text, *(f"［{label}］" for label in heard.buttons)))
            position = 0
            while found < len(pieces):
                there = content.find(pieces[found].strip(), position)
                if there < 0:
                    break
                position, found = there + len(pieces[found].strip()), found + 1
            if found == len(pieces):
                del messages[: at + 1]
                return
        heard_all = "\n---\n".join(f"{m.text} {list(m.buttons)}" for m in messages) or "(nothing)"
        raise TranscriptError(f"{who} did not hear {pieces[found]!r}; heard:\n{heard_all}")

    def _expect_not(self, who: str, piece: str) -> None:
        for heard in self._unread.get(who, []):
            if piece in heard.text:
                raise TranscriptError(f"{who} heard {piece!r}: {heard.text}")
