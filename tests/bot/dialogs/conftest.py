"""The county, for every test of the dialogs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Clock
from tests.routing.county import County, open_county


@pytest.fixture
async def county(sqlite_template: Path, sqlite_url: str, clock: Clock) -> AsyncIterator[County]:
    async with open_county(sqlite_template, sqlite_url, clock) as county:
        yield county
