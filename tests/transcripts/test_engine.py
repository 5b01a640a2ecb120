"""A transcript that does not come true must say so, and where."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from cli.transcript import PICTURE, Heard, Performance, TranscriptError


class Parrot:
    """Answers everything with itself, a picture and two buttons."""

    def __init__(self) -> None:
        self.done: list[tuple[object, ...]] = []
        self._new: list[Heard] = []

    def __getattr__(self, name: str) -> Callable[..., Awaitable[None]]:
        async def do(*what: object) -> None:
            self.done.append((name, *what))
            self._new.append(Heard(f"{what[0] if what else name}\n{PICTURE}", ("对", "不对")))

        return do

    async def unread(self) -> list[Heard]:
        new, self._new = self._new, []
        return new


class Room:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
        self.people: dict[str, Parrot] = {}
        self.gone: list[tuple[str, int]] = []

    def chat(self, who: str) -> Parrot:
        return self.people.setdefault(who, Parrot())

    async def code(self, station: str, deputy: str | None) -> str:
        return f"code of {station} {deputy}"

    async def invitation(self, role: str, name: str) -> str:
        return f"{role} {name}"

    async def away(self, deputy: str, days: int) -> None:
        self.gone.append((deputy, days))

    async def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def settle(self) -> None:
        pass


@pytest.fixture
def room() -> Room:
    return Room()


async def play(room: Room, script: str) -> None:
    await Performance(room).play(script)  # type: ignore[arg-type]


async def test_every_kind_of_line_is_done(room: Room) -> None:
    await play(
        room,
        """
        # a remark
        群众 扫码 HB 086
        群众 扫码 HB
        群众：说好的：明天 ［图］
        群众［对］
        群众 回复“code”：是的
        群众 发照片
        群众 发位置 30.25,120.16
        代表 接受邀请 deputy 林秋
        路人 打开工作窗口
        群众：ABCD-EFGH-JKMN
        代表网页 打开关联码
        （086 号代表外出 5 天）
        （过 2 天）
        （到 11-26 18:30）
        （到 01-04 09:00）
        """,
    )
    assert room.people["群众"].done == [
        ("scan", "code of HB 086"), ("scan", "code of HB None"), ("say", "说好的：明天 ［图］"), ("press", "对"),
        ("say", "是的", "code"), ("photo",), ("place", 30.25, 120.16), ("say", "ABCD-EFGH-JKMN"),
    ]  # fmt: skip
    assert room.people["代表"].done == [("join", "deputy 林秋")]
    assert room.people["代表网页"].done == [("join", "ABCDEFGHJKMN")]
    assert room.people["路人"].done == [("open_desk",)]
    assert room.gone == [("086", 5)]
    assert room.now == datetime(2027, 1, 4, 1, 0, tzinfo=UTC)


async def test_pieces_are_heard_in_order_and_once(room: Room) -> None:
    await play(
        room,
        """
        群众：一 HB-261123-001 二
        群众：例如 HB-261123-007
        　群众 听到：一……二……〔照片〕……［对］……例如
        　群众 没听到：一
        （编号记作 甲）
        群众：三 HB-261123-002
        　群众 听到：〔编号〕
        群众：〔甲〕 〔编号〕
        　群众 听到：HB-261123-001 HB-261123-002
        群众：四
        （都读过了）
        　群众 没听到：四
        """,
    )


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("群众：一\n\n群众 听到：二", "line 3: 群众 听到：二\n群众 did not hear '二'; heard:\n一"),
        ("群众：一二\n群众 听到：二……一", "did not hear '一'"),
        ("群众：一\n群众 听到：一\n群众 听到：一", r"heard:\n\(nothing\)"),
        ("群众：一\n群众 没听到：一", "line 2: .*\n群众 heard '一'"),
        ("群众：一\n群众 听到：一\n群众 从没听到：一", "群众 heard '一'"),
        ("群众：一\n群众 没听到：［不对］", "heard"),
        ("群众：一\n群从 没听到：一", "nobody is called 群从"),
        ("群众 扫码", "line 1: 群众 扫码\nthis line can't be read"),
        ("（过 两 天）", "can't be read"),
        ("（到 13-45 09:00）", "line 1"),
        ("群众，你好", "can't be read"),
    ],
)
async def test_what_is_not_so_is_told_with_its_line(room: Room, script: str, complaint: str) -> None:
    with pytest.raises(TranscriptError, match=complaint):
        await play(room, script)
