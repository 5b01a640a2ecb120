"""`main.py doctor`: what is wrong is said, and what to do."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cli.doctor import examine
from cli.settings import SettingsError, load_settings
from cli.wiring import open_store, token_troubles
from routing.errors import Refused
from routing.notice import NoticeState
from routing.platform_token import PlatformToken
from storage.store import Store
from tests.contracts.rows import notice_to, somebody
from tests.fakes.clamd import EICAR, FakeClamd


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """That of a folder of its own, with no settings but ours."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("MASHANG_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MASHANG_DATA_DIR", str(tmp_path / "data"))
    store = open_store(load_settings())
    yield store
    store.close()


def found(part: str) -> list[tuple[str, str]]:
    return [(finding.level, finding.text) for finding in examine() if finding.part == part]


def test_it_counts_what_waits_for_people_to_write(store: Store) -> None:
    assert found("outbox") == [("ok", "0 to be sent")]
    with store.transaction() as uow:
        contact = somebody(uow).contact
        notice_to(uow, contact)
        for _ in range(2):
            notice_to(uow, contact).state = NoticeState.WAITING
    assert found("outbox") == [
        ("ok", "1 to be sent, 2 waiting until their recipients write: their platform takes nothing before")
    ]


@pytest.mark.parametrize(
    ("trouble", "level", "says"),
    [
        (None, "ok", "good until"),
        ("fetch", "wrong", "check the account's id, its secret and the list of allowed IP addresses"),
        ("refused", "wrong", "refuses the token that it gives"),
    ],
)
def test_it_says_what_is_wrong_with_an_access_token(store: Store, trouble: str | None, level: str, says: str) -> None:
    with store.transaction() as uow:
        ends = uow.now + timedelta(hours=2)
        uow.tokens.add(PlatformToken("wechat", "wx1", ends_at=ends, trouble=trouble, trouble_since=uow.now))
        uow.tokens.add(PlatformToken("dingtalk", "d1"))
    ((told, text),) = found("wechat access token")
    assert told == level
    assert says in text
    assert found("dingtalk access token") == [("ok", "none yet")]
    with store.transaction() as uow:
        assert token_troubles(uow) == {"wechat": trouble is not None, "dingtalk": False}


def test_it_asks_the_virus_scanner(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ((level, text),) = found("virus scanner")
    assert level == "note"
    assert "MASHANG_CLAMD_ADDRESS" in text
    with FakeClamd() as daemon:
        monkeypatch.setenv("MASHANG_CLAMD_ADDRESS", daemon.address)
        assert found("virus scanner") == [("ok", f"ClamAV at {daemon.address}")]
        daemon.mode = "silent"
        ((level, text),) = found("virus scanner")
        assert level == "wrong"
        assert "no file is kept" in text


def test_an_address_that_no_scanner_can_have_stops_the_start(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASHANG_CLAMD_ADDRESS", "clamd")
    with pytest.raises(SettingsError, match=r"MASHANG_CLAMD_ADDRESS: .*host:port"):
        load_settings()


def test_every_file_that_the_program_keeps_goes_past_the_scanner(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeClamd() as daemon:
        monkeypatch.setenv("MASHANG_CLAMD_ADDRESS", daemon.address)
        opened = open_store(load_settings())
        try:
            with pytest.raises(Refused, match="infected"):
                opened.files.save(b"#!AMR\n" + EICAR, None)
        finally:
            opened.close()
