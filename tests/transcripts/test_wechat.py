"""What only WeChat has: a question that waits, unseen, until the citizen writes."""

from pathlib import Path

from cli.transcript import Performance
from routing.suggestion import Understanding
from tests.transcripts.test_transcripts import _stage, understanding
from tests.transcripts.wechat_stage import WeChatStage

__all__ = ["understanding"]

BEGINNING = """
站长 接受邀请 staff 陈静
群众 扫码 HB
群众：弄堂口的路灯坏了好几天，晚上看不见路
群众［说完了，提交］
　群众 听到：编号 HB-
站长：受理 〔编号〕
（过 3 天）
（都读过了）
站长：提问 〔编号〕 是哪一盏灯？
　群众 没听到：是哪一盏灯
"""


async def test_what_is_said_before_a_question_is_seen_is_no_answer_to_it(
    sqlite_url: str, tmp_path: Path, understanding: Understanding
) -> None:
    async with _stage("wechat", sqlite_url, tmp_path / "data", understanding) as stage:
        assert isinstance(stage, WeChatStage)
        stage.person("群众")
        # They subscribed to nothing: with the window closed, nobody can tell them that something waits.
        stage.people["群众"].unsubscribe_notices()
        play = Performance(stage)
        await play.play(BEGINNING)
        await play.play("""
群众：菜场后门的垃圾堆了一个星期
　群众 没听到：的回答转过去
　群众 听到：记下了
　群众 听到：是哪一盏灯
　站长 没听到：菜场后门
群众［说完了，提交］
　群众 听到：收到了，编号 HB-
群众：东头第一盏
　群众 听到：的回答转过去
　站长 听到：东头第一盏
""")
