"""What only WeCom has: an app that is opened, cards that stay as they were pressed, members who may use it no more, and
a platform that gives a message up after three times five seconds."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.transcript import Performance
from routing.errors import StorageUnavailable
from routing.suggestion import Understanding
from tests.fakes.wecom_member import Member
from tests.transcripts.test_transcripts import _stage, understanding
from tests.transcripts.wecom_stage import WeComStage

__all__ = ["understanding"]

BEGINNING = """
代表 接受邀请 deputy 林秋
站长 接受邀请 staff 陈静
群众 扫码 HB 086
群众：弄堂口的路灯坏了好几天，晚上看不见路
群众［说完了，提交］
代表 听到：【新反映】……［我来听］
（都读过了）
"""


class Play(Performance):
    def __init__(self, stage: WeComStage) -> None:
        super().__init__(stage)
        self.stage = stage

    def member(self, who: str) -> Member:
        return self.stage.people[who].member


@pytest.fixture
async def play(sqlite_url: str, tmp_path: Path, understanding: Understanding) -> AsyncIterator[Play]:
    async with _stage("wecom", sqlite_url, tmp_path / "data", understanding) as stage:
        assert isinstance(stage, WeComStage)
        yield Play(stage)


@pytest.mark.parametrize("who", ["站长", "路人"])
async def test_a_press_that_is_put_under_another_name_is_worth_nothing(play: Play, who: str) -> None:
    """Only the platform could do that; then still the row of the button decides."""
    await play.play(BEGINNING + ("路人 打开工作窗口\n（都读过了）" if who == "路人" else ""))
    card = next(seen for seen in reversed(play.member("代表").screen) if "我来听" in seen.buttons)
    xml = play.member(who).pressing(card, "我来听")
    assert (await play.member(who).deliver(xml)).acknowledged
    await play.stage.settle()
    await play.listen()
    expected = "需要邀请" if who == "路人" else "这个按钮"
    await play.play(f"{who} 听到：{expected}\n群众 没听到：看到了\n代表 没听到：看到了")
    await play.play("代表［我来听］\n群众 听到：林秋代表看到了")
    assert any(button.startswith("✓") for button in card.buttons)


async def test_who_opens_the_app_is_told_how_to_join_and_only_once(play: Play) -> None:
    await play.play("路人 打开工作窗口\n　路人 听到：需要邀请")
    for _ in range(3):
        await play.member("路人").enter()
    await play.stage.settle()
    assert len(play.member("路人").screen) == 1
    await play.play("路人 接受邀请 deputy 林秋\n　路人 听到：您现在是")
    shown = len(play.member("路人").screen)
    await play.member("路人").enter()
    await play.stage.settle()
    assert len(play.member("路人").screen) == shown, "a member is not greeted each time"


async def test_who_may_use_the_app_no_more_and_comes_back(play: Play) -> None:
    await play.play("代表 接受邀请 deputy 林秋\n群众 扫码 HB 086\n（都读过了）")
    await play.member("代表").unsubscribe()
    shown = len(play.member("代表").screen)
    await play.play("群众：弄堂口的路灯坏了好几天，晚上看不见路\n群众［说完了，提交］")
    assert len(play.member("代表").screen) == shown
    await play.member("代表").subscribe()
    await play.stage.settle()
    await play.play("代表：列表\n代表 听到：HB-")


async def test_with_the_database_away_a_press_is_kept_and_counts_when_it_is_back(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    await play.play(BEGINNING)
    writer, away = play.stage.desk.store.writer, True
    run = writer.run

    async def unreachable(*args: object, **more: object) -> object:
        if away:
            raise StorageUnavailable("away")
        return await run(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "run", unreachable)
    receipt = await play.member("代表").press("我来听")
    assert [attempt.status for attempt in receipt.tries] == [200]
    assert receipt.tries[0].seconds < 4
    assert play.stage.desk.spool.waiting()
    away = False
    assert await play.stage.desk.reception.drain_spool() == 1
    await play.stage.settle()
    await play.listen()
    await play.play("群众 听到：林秋代表看到了")
