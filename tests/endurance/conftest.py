"""An office of its own for each test that moves the clock."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Clock
from tests.endurance.office import Office


@pytest.fixture
async def office(
    store_url: str, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    opened = Office(store_url, clock, tmp_path, monkeypatch)
    yield opened
    await opened.close()
