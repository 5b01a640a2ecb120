"""The county, for every test of the core."""

import pytest

from storage.store import Store
from tests.conftest import Clock
from tests.routing.county import County


@pytest.fixture
def county(sqlite_store: Store, clock: Clock) -> County:
    founded = County(sqlite_store, clock)
    founded.found()
    return founded
