"""Every dialogue of this folder, and the demonstration's, played on the web chat and on both Telegram bots.

Each `.txt` here is a test; `cli/transcript.py` says how its lines are read. One alone:
`pytest tests/transcripts -k "gas and web and sqlite"`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.demo import SCENARIO
from cli.demo_data import give_codes, load_demo_county
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
from tests.transcripts.telegram_stage import telegram_stage

SCRIPTS = {
    path.stem: path.read_text(encoding="utf-8") for path in [SCENARIO, *sorted(Path(__file__).parent.glob("*.txt"))]
}
#: Monday, 9:00 in the county.
START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
#: Telegram's two ways in share everything behind them, so each plays on one database.
STAGES = [
    pytest.param("web", "sqlite", id="web-sqlite"),
    pytest.param("telegram_webhook", "sqlite", id="telegram_webhook-sqlite"),
    pytest.param("web", "postgresql", id="web-postgresql", marks=pytest.mark.postgresql),
    pytest.param("telegram_polling", "postgresql", id="telegram_polling-postgresql", marks=pytest.mark.postgresql),
]


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    return make_understanding()


@asynccontextmanager
async def _stage(channel: str, url: str, folder: Path, understanding: Understanding) -> AsyncIterator[DeskStage]:
    clock = MovableClock(START)
    store = Store(url, clock=clock, sealer=AesSealer("test key"), data_dir=folder)
    with store.transaction() as uow:
        load_demo_county(uow)
    with store.transaction() as uow:
        give_codes(uow)

    def build(more: dict[str, str]) -> Desk:
        settings = Settings(_env_file=None, data_dir=folder, database_url=url, **more)  # type: ignore[call-arg,arg-type]
        return build_desk(settings, store, understanding)

    if channel == "web":
        desk = build({})
        async with web_stage(desk, clock) as stage:
            yield stage
    else:
        async with telegram_stage(build, clock, webhook=channel == "telegram_webhook") as stage:
            yield stage
    await stage.desk.http.close()
    await store.aclose()


@pytest.mark.parametrize(("channel", "database"), STAGES)
@pytest.mark.parametrize("name", SCRIPTS)
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
