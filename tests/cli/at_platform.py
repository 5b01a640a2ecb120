"""Commands run as `main.py` runs them, on a folder with the demo county, and an account at a platform that answers."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.app import app
from cli.demo_data import load_demo_county
from cli.settings import load_settings
from cli.wiring import open_store
from tests.fakes.thread import beside
from tests.fakes.wechat import FakeWeChat
from tests.fakes.wechat_account import Account


def run(*args: str, ok: bool = True) -> Result:
    result = CliRunner().invoke(app, list(args))
    shown = f"{result.output}\n{result.exception!r}"
    assert result.exception is None or isinstance(result.exception, SystemExit), shown
    assert (result.exit_code == 0) == ok, shown
    return result


def as_json(*args: str, ok: bool = True) -> Any:
    return json.loads(run(*args, "--json", ok=ok).stdout)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the demo county, and no settings but ours."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("MASHANG_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MASHANG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MASHANG_PUBLIC_URL", "http://127.0.0.1:9")
    store = open_store(load_settings())
    with store.transaction() as uow:
        load_demo_county(uow)
    store.close()
    return tmp_path


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """The account of the settings, at a platform that answers."""
    with beside(FakeWeChat) as (fake, _):
        for name, value in fake.settings.items():
            monkeypatch.setenv(f"MASHANG_{name.upper()}", value)
        yield fake.account
