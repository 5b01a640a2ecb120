"""A desk that is put together learns beside the messages, and what it learned is what staff are answered from."""

from pathlib import Path

import pytest

from cli.demo_data import prepare_demo
from cli.settings import Settings
from cli.wiring import build_desk
from routing.people import Role
from routing.ports import UnitOfWork
from routing.repeats import RepeatIndex
from storage.store import Store
from tests.conftest import Clock
from tests.routing.county import LAMP, County, understanding


async def test_the_ticks_fill_what_a_chat_is_answered_from(
    sqlite_store: Store, sqlite_url: str, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_demo(sqlite_store)
    settings = Settings(_env_file=None, data_dir=tmp_path / "data", database_url=sqlite_url)  # type: ignore[call-arg,arg-type]
    desk = build_desk(settings, sqlite_store, understanding())
    county = County(sqlite_store, clock)
    await desk.repeats.run()
    told = [county.report(LAMP, who=f"群众{number}", deputy=None) for number in range(3)]
    assert await desk.repeats.run() == 1
    await desk.hot.run()

    monkeypatch.setattr(RepeatIndex, "learn", lambda *_: [])  # so that nothing is learned by asking
    index = desk.reception._repeats
    assert index is not None

    def ask(uow: UnitOfWork) -> set[str]:
        member = next(m for m in uow.directory.members.values() if m.role is Role.STAFF and m.active)
        case = uow.cases.by_number(told[0])
        assert case is not None
        return {other.number for other in index.find(uow, member, case).cases}

    assert await sqlite_store.writer.run(ask) == set(told[1:])
    board = desk.reception._hot
    assert board is not None
    assert board.made_at == clock.now
    await desk.http.close()
