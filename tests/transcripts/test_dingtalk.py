"""What only DingTalk has: a press that comes back as a text, and groups in which the robot can be called."""

from pathlib import Path

import pytest

from cli.transcript import Performance
from routing.suggestion import Understanding
from tests.fakes.dingtalk import Staff
from tests.transcripts.dingtalk_stage import DingTalkStage
from tests.transcripts.test_transcripts import _stage, understanding

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


@pytest.mark.parametrize("who", ["站长", "路人"])
async def test_a_copied_press_is_worth_nothing_to_anybody_else(
    who: str, sqlite_url: str, tmp_path: Path, understanding: Understanding
) -> None:
    async with _stage("dingtalk", sqlite_url, tmp_path / "data", understanding) as stage:
        assert isinstance(stage, DingTalkStage)
        play = Performance(stage)
        await play.play(BEGINNING)
        if who == "路人":
            await play.play("路人 打开工作窗口\n（都读过了）")
        deputy, other = stage.staff_id("代表"), stage.staff_id(who)
        await stage.app.wait_acknowledged(stage.app.press(deputy, "我来听", by=other))
        await stage.settle()
        await play.listen()
        expected = "需要邀请" if who == "路人" else "这个按钮"
        await play.play(f"{who} 听到：{expected}\n群众 没听到：看到了\n代表 没听到：看到了")
        await play.play("代表［我来听］\n群众 听到：林秋代表看到了")


async def test_called_in_a_group_it_answers_the_caller_alone(
    sqlite_url: str, tmp_path: Path, understanding: Understanding
) -> None:
    async with _stage("dingtalk", sqlite_url, tmp_path / "data", understanding) as stage:
        assert isinstance(stage, DingTalkStage)
        play = Performance(stage)
        await play.play("站长 接受邀请 staff 陈静\n（都读过了）")
        who = Staff(stage.staff_id("站长"), group=True)
        for text in ("/list", "列表"):
            await stage.app.wait_acknowledged(stage.app.push(who.text(text)))
            await stage.settle()
        await play.listen()
        await play.play("站长 听到：请私下跟我说\n站长 没听到：列表")
        assert {sent.user_id for sent in stage.app.sent} == {who.id}
