"""The database goes away while somebody types in the web chat, and comes back: nothing is lost, nothing doubled."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.stage import NEEDS_CHROMIUM, Program, citizen_at, code_of, person
from tests.endurance.own_postgresql import CannotRun, OwnPostgresql, own_postgresql

pytestmark = NEEDS_CHROMIUM

BEFORE = "幸福路的树枝压到电线了"
MEANWHILE = ("刮风的时候会冒火花", "就在菜场门口")
UNFINISHED = "已经有两"
#: Not the server's own sentence, which asks to send it again later.
AWAY = "系统暂时接不上，正在重试。您写的都留着，会自动再发。紧急情况请拨 110、119、120。"


@pytest.fixture
def database() -> Iterator[OwnPostgresql]:
    try:
        with own_postgresql() as running:
            yield running
    except CannotRun as why:
        pytest.skip(str(why))


@pytest.fixture
def program(database: OwnPostgresql, tmp_path: Path) -> Iterator[Program]:
    one = Program(tmp_path, database.url)
    one.start()
    try:
        yield one
    finally:
        one.stop()


def said(database: OwnPostgresql) -> list[str]:
    """What is kept of all citizens' words, oldest first."""
    with psycopg.connect(database.url) as connection:
        rows = connection.execute("SELECT text FROM submission_parts WHERE kind = 'text' ORDER BY id")
        return [text for (text,) in rows.fetchall()]


def test_what_is_typed_while_the_database_is_away_is_sent_by_itself(
    database: OwnPostgresql, program: Program, browser: Browser
) -> None:
    complaints: list[str] = []
    context = person(browser, complaints)
    home = context.new_page()
    home.goto(program.url)
    citizen = citizen_at(context.new_page(), code_of(home))
    citizen.says(BEFORE)
    citizen.heard("记下了")

    database.stop()
    for text in MEANWHILE:
        citizen.says(text)
    box, status = citizen.page.get_by_label("写一条消息"), citizen.page.get_by_role("status")
    expect(status).to_have_text(AWAY)
    box.press_sequentially(UNFINISHED)
    # Whoever doubts it and loads the page anew finds everything as it was.
    citizen.page.reload()
    expect(status).to_have_text(AWAY)
    for text in MEANWHILE:
        expect(citizen.log.get_by_text(text)).to_have_count(1)
    expect(citizen.page.get_by_text("还没送到，会自动再发")).to_have_count(len(MEANWHILE))
    expect(box).to_have_value(UNFINISHED)

    database.start()
    citizen.heard("一共 3 条")
    expect(status).to_be_hidden()
    expect(citizen.page.get_by_text("还没送到")).to_have_count(0)
    for text in (BEFORE, *MEANWHILE):
        expect(citizen.log.get_by_text(text)).to_have_count(1)
    expect(box).to_have_value(UNFINISHED)
    assert said(database) == [BEFORE, *MEANWHILE]
    citizen.presses("说完了，提交")
    citizen.heard("收到了，编号")
    assert complaints == []
    assert "Traceback" not in program.output()
