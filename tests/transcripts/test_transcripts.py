"""Every dialogue of this folder, and the demonstration's, played on the web chat, on both Telegram bots, with the
citizens on WeChat, and with the members on DingTalk and in WeCom.

Each `.txt` here is a test; `cli/transcript.py` says how its lines are read. One alone:
`pytest tests/transcripts -k "gas and web and sqlite"`.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.demo import SCENARIO
from cli.demo_data import prepare_demo
from cli.settings import Settings
from cli.stage import DeskStage, MovableClock
from cli.transcript import Performance, TranscriptError
from cli.webstage import web_stage
from cli.wiring import Desk, build_desk, make_understanding
from routing.case import verify_chain
from routing.notice import NoticeState
from routing.ports import UnitOfWork
from routing.suggestion import Understanding
from storage.sealer import AesSealer
from storage.store import Store
from tests.transcripts.dingtalk_stage import dingtalk_stage
from tests.transcripts.telegram_stage import telegram_stage
from tests.transcripts.wechat_stage import wechat_stage
from tests.transcripts.wecom_stage import wecom_stage

SCRIPTS = {
    path.stem: path.read_text(encoding="utf-8") for path in [SCENARIO, *sorted(Path(__file__).parent.glob("*.txt"))]
}
#: Monday, 9:00 in the county.
START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
#: Where every script plays.
STAGES = [
    ("web", "sqlite"), ("telegram_webhook", "sqlite"), ("telegram_polling", "postgresql"), ("wechat", "sqlite"),
    ("dingtalk", "sqlite"), ("wecom", "sqlite"),
]  # fmt: skip
#: Where the scenarios that must never break play as well (a machine without PostgreSQL still polls).
MORE_STAGES = [
    ("web", "postgresql"), ("telegram_polling", "sqlite"), ("wechat", "postgresql"), ("dingtalk", "postgresql"),
    ("wecom", "postgresql"),
]  # fmt: skip
ESSENTIAL = ("scenario_job", "07", "08", "10", "14")


def _plays() -> Iterator[object]:
    for name in SCRIPTS:
        for channel, database in STAGES + (MORE_STAGES if name.startswith(ESSENTIAL) else []):
            marks = [pytest.mark.postgresql] if database == "postgresql" else []
            yield pytest.param(name, channel, database, id=f"{name}-{channel}-{database}", marks=marks)


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    return make_understanding()


@asynccontextmanager
async def _stage(channel: str, url: str, folder: Path, understanding: Understanding) -> AsyncIterator[DeskStage]:
    clock = MovableClock(START)
    store = Store(url, clock=clock, sealer=AesSealer("test key"), data_dir=folder)
    prepare_demo(store)

    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.aclose)

        def build(more: dict[str, str]) -> Desk:
            settings = Settings(_env_file=None, data_dir=folder, database_url=url, **more)  # type: ignore[call-arg,arg-type]
            desk = build_desk(settings, store, understanding)
            stack.push_async_callback(desk.http.close)
            return desk

        if channel == "web":
            yield await stack.enter_async_context(web_stage(build({}), clock))
        elif channel == "wechat":
            yield await stack.enter_async_context(wechat_stage(build, clock, folder))
        elif channel == "dingtalk":
            yield await stack.enter_async_context(dingtalk_stage(build, clock))
        elif channel == "wecom":
            yield await stack.enter_async_context(wecom_stage(build, clock))
        else:
            webhook = channel == "telegram_webhook"
            yield await stack.enter_async_context(telegram_stage(build, clock, webhook=webhook))


@pytest.mark.parametrize(("name", "channel", "database"), list(_plays()))
async def test_plays(
    name: str,
    channel: str,
    database: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    understanding: Understanding,
) -> None:
    url = str(request.getfixturevalue(f"{database}_url"))
    script = SCRIPTS[name]
    async with _stage(channel, url, tmp_path / "data", understanding) as stage:
        said: list[str] = []
        performance = Performance(stage, lambda who, text, buttons: said.append(text))
        try:
            await performance.play(script)
        except TranscriptError as error:
            pytest.fail(f"{name}: {error}")
        assert not [text for text in said if "出了点问题" in text], "a message was not handled"
        await _nothing_is_left(stage)


async def _nothing_is_left(stage: DeskStage) -> None:
    """Every notice ended well, and the history of every case is whole."""

    def look(uow: UnitOfWork) -> tuple[set[str], list[str]]:
        cases = [*uow.cases.list(station_ids=None, limit=100), *uow.cases.sealed()]
        broken = [case.number for case in cases if verify_chain(case, list(uow.cases.events(case.id))) is not None]
        return set(uow.notices.counts()), broken

    states, broken = await stage.desk.store.reader.run(look)
    assert states <= {NoticeState.SENT, NoticeState.OBSOLETE}
    assert not broken
