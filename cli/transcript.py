"""Plain dialogues that are played against the real parts: by `main.py demo`, and by the tests on every channel.

    # a remark
    群众 扫码 HB 086              somebody scans the code of deputy 086 of station HB (or of station HB alone)
    代表 接受邀请 deputy 林秋      somebody takes a one-time invitation (role, name as in the roster)
    路人 打开工作窗口              somebody without an invitation tries the members' chat
    群众：路灯不亮                 says a text; 〔编号〕 is the last case number that anybody was told,
                                  〔码〕 the last code for joining two chats
    群众网页：路灯不亮             says it on the web, whatever the others use
    代表网页 打开关联码            opens the link of the last code for joining two chats, or types it
    站长 回复“待受理”：受理         says a text in reply to the last message that holds “…”
    群众［说完了，提交］            presses the newest button with this label
    群众 发照片 ／ 群众 发位置 30.25,120.16
    群众 听到：收到了……编号        expects the next messages to this person to hold these pieces, in this order;
                                  〔照片〕 is a picture, ［受理］ a button
    代表 没听到：编号              expects that nothing unread to this person holds this
    代表 从没听到：编号            expects that nothing that was ever said to this person holds this
    （都读过了）                   everybody has read everything: what follows is heard from here on
    （编号记作 甲）                 〔甲〕 stands for 〔编号〕 as it is now
    （086 号代表外出 5 天）         the roster says that a deputy is away for so long
    （过 24 小时）                 time goes on; what falls due is done when it is due
    （到 11-24 09:00）             the same, until then (the county's time)

Every line is one of these; an unknown one raises `TranscriptError` with its number.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

_LOCAL = ZoneInfo("Asia/Shanghai")
_NUMBER = re.compile(r"[A-Z]{2,6}-\d{6}-[0-9A-Z]{3,6}")
_SECRET = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b")
_NAMED = re.compile(r"〔(.+?)〕")
_SECONDS = {"分钟": 60, "小时": 3600, "天": 86400}
PICTURE = "〔照片〕"
#: Whoever's name ends so chats on the web, on every stage.
ON_THE_WEB = "网页"


class TranscriptError(Exception):
    """A line can't be read, or what it expects did not happen."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as a person sees it: its text (with `PICTURE` for each picture) and the labels of its buttons."""

    text: str
    buttons: tuple[str, ...] = ()

    @property
    def content(self) -> str:
        return "\n".join((self.text, *(f"［{label}］" for label in self.buttons)))


class Chat(Protocol):
    """One person's chat on one channel."""

    async def scan(self, code: str) -> None: ...
    async def join(self, secret: str) -> None: ...
    async def open_desk(self) -> None:
        """Go to the members' chat without an invitation."""
        ...

    async def say(self, text: str, reply_to: str | None = None) -> None:
        """Say something, in reply to the newest message that holds `reply_to`.

        Raises `LookupError` when there is none.
        """
        ...

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

    @property
    def now(self) -> datetime: ...
    def chat(self, who: str) -> Chat:
        """The chat of a person; a new one at the first call."""
        ...

    async def code(self, station: str, deputy: str | None) -> str: ...
    async def invitation(self, role: str, name: str) -> str: ...
    async def away(self, deputy: str, days: int) -> None:
        """Put it into the roster that a deputy is away."""
        ...

    async def wait(self, seconds: float) -> None:
        """Let time go on and everything that falls due be done and delivered."""
        ...

    async def settle(self) -> None:
        """Deliver what is in the outbox."""
        ...


Show = Callable[[str, str, tuple[str, ...]], None]
Line = Callable[["Performance", re.Match[str]], Awaitable[None]]
_LINES: list[tuple[re.Pattern[str], Line]] = []


def _line(pattern: str) -> Callable[[Line], Line]:
    def register(play: Line) -> Line:
        _LINES.append((re.compile(pattern), play))
        return play

    return register


@dataclass(slots=True)
class Performance:
    """Plays the lines of a transcript on a stage. `show(who, text, buttons)` sees everything that is said."""

    stage: Stage
    show: Show = lambda who, text, buttons: None
    names: dict[str, str] = field(default_factory=lambda: {"编号": "", "码": ""})
    _unread: dict[str, list[Heard]] = field(default_factory=dict)
    _heard: dict[str, list[Heard]] = field(default_factory=dict)

    async def play(self, script: str) -> None:
        """Raises `TranscriptError` naming the first line that fails."""
        for at, raw in enumerate(script.splitlines(), start=1):
            line = raw.strip().strip("\u3000")
            if not line or line.startswith("#"):
                continue
            try:
                await self._play(line)
            except (LookupError, ValueError, TranscriptError) as error:
                raise TranscriptError(f"line {at}: {line}\n{error}") from error

    async def _play(self, line: str) -> None:
        filled = _NAMED.sub(lambda m: self.names.get(m[1], m[0]), line)
        for pattern, play in _LINES:
            if match := pattern.fullmatch(filled):
                await play(self, match)
                return
        raise TranscriptError("this line can't be read")

    async def act(self, who: str, what: str, do: Callable[[Chat], Awaitable[None]]) -> None:
        """Let somebody do something, and everybody hear what comes of it."""
        self.show(who, what, ())
        self._unread.setdefault(who, [])
        self._heard.setdefault(who, [])
        await do(self.stage.chat(who))
        await self.stage.settle()
        await self.listen()

    async def pass_time(self, line: str, seconds: float) -> None:
        self.show("", line, ())
        await self.stage.wait(seconds)
        await self.listen()

    async def listen(self) -> None:
        for who in self._heard:
            for heard in await self.stage.chat(who).unread():
                self.show(f"→{who}", heard.text, heard.buttons)
                self._unread[who].append(heard)
                self._heard[who].append(heard)
                if "例如" not in heard.text:
                    for name, shape in (("编号", _NUMBER), ("码", _SECRET)):
                        self.names[name] = [self.names[name], *shape.findall(heard.text)][-1]

    def expect(self, who: str, pieces: list[str]) -> None:
        """Find the pieces in order in the unread messages; what came before the last one found counts as read."""
        messages = self._unread.get(who, [])
        found = 0
        for at, heard in enumerate(messages):
            position = 0
            while found < len(pieces):
                there = heard.content.find(pieces[found], position)
                if there < 0:
                    break
                position, found = there + len(pieces[found]), found + 1
            if found == len(pieces):
                del messages[: at + 1]
                return
        heard_all = "\n---\n".join(m.content for m in messages) or "(nothing)"
        raise TranscriptError(f"{who} did not hear {pieces[found]!r}; heard:\n{heard_all}")

    def expect_not(self, who: str, piece: str, *, ever: bool) -> None:
        if who not in self._heard:
            raise TranscriptError(f"nobody is called {who}")
        for heard in (self._heard if ever else self._unread)[who]:
            if piece in heard.content:
                raise TranscriptError(f"{who} heard {piece!r}: {heard.content}")

    def read_all(self) -> None:
        for unread in self._unread.values():
            unread.clear()


@_line(r"（过 (\d+) (分钟|小时|天)）")
async def _wait(play: Performance, line: re.Match[str]) -> None:
    await play.pass_time(line[0], int(line[1]) * _SECONDS[line[2]])


@_line(r"（到 (\d+)-(\d+) (\d+):(\d+)）")
async def _wait_until(play: Performance, line: re.Match[str]) -> None:
    month, day, hour, minute = (int(part) for part in line.groups())
    now = play.stage.now.astimezone(_LOCAL)
    then = now.replace(month=month, day=day, hour=hour, minute=minute, second=0, microsecond=0)
    if then <= now:
        then = then.replace(year=now.year + 1)
    await play.pass_time(line[0], (then - now).total_seconds())


@_line(r"（编号记作 (\S+)）")
async def _name(play: Performance, line: re.Match[str]) -> None:
    play.names[line[1]] = play.names["编号"]


@_line(r"（都读过了）")
async def _read_all(play: Performance, line: re.Match[str]) -> None:
    play.read_all()


@_line(r"（(\d+) 号代表外出 (\d+) 天）")
async def _away(play: Performance, line: re.Match[str]) -> None:
    play.show("", line[0], ())
    await play.stage.away(line[1], int(line[2]))


@_line(r"(\S+) 听到：(.+)")
async def _hears(play: Performance, line: re.Match[str]) -> None:
    play.expect(line[1], [piece.strip() for piece in line[2].split("……")])


@_line(r"(\S+) (没|从没)听到：(.+)")
async def _hears_not(play: Performance, line: re.Match[str]) -> None:
    play.expect_not(line[1], line[3], ever=line[2] == "从没")


@_line(r"([^\s：［]+)［(.+)］")
async def _presses(play: Performance, line: re.Match[str]) -> None:
    await play.act(line[1], f"［{line[2]}］", lambda chat: chat.press(line[2]))


@_line(r"([^\s：［]+)：(.+)")
async def _says(play: Performance, line: re.Match[str]) -> None:
    await play.act(line[1], line[2], lambda chat: chat.say(line[2]))


@_line(r"(\S+) 回复“(.+?)”：(.+)")
async def _replies(play: Performance, line: re.Match[str]) -> None:
    await play.act(line[1], f"回复“{line[2]}”：{line[3]}", lambda chat: chat.say(line[3], line[2]))


@_line(r"(\S+) 扫码 (\S+)(?: (\S+))?")
async def _scans(play: Performance, line: re.Match[str]) -> None:
    code = await play.stage.code(line[2], line[3])
    await play.act(line[1], line[0].partition(" ")[2], lambda chat: chat.scan(code))


@_line(r"(\S+) 接受邀请 (\S+) (\S+)")
async def _joins(play: Performance, line: re.Match[str]) -> None:
    secret = await play.stage.invitation(line[2], line[3])
    await play.act(line[1], line[0].partition(" ")[2], lambda chat: chat.join(secret))


@_line(r"(\S+) 打开关联码")
async def _opens_link(play: Performance, line: re.Match[str]) -> None:
    secret = play.names["码"].replace("-", "")
    await play.act(line[1], "打开关联码", lambda chat: chat.join(secret))


@_line(r"(\S+) 打开工作窗口")
async def _opens_desk(play: Performance, line: re.Match[str]) -> None:
    await play.act(line[1], "打开工作窗口", lambda chat: chat.open_desk())


@_line(r"(\S+) 发照片")
async def _sends_photo(play: Performance, line: re.Match[str]) -> None:
    await play.act(line[1], "发照片", lambda chat: chat.photo())


@_line(r"(\S+) 发位置 ([\d.]+),([\d.]+)")
async def _sends_place(play: Performance, line: re.Match[str]) -> None:
    await play.act(line[1], line[0].partition(" ")[2], lambda chat: chat.place(float(line[2]), float(line[3])))
