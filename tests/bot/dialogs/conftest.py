"""The county, for every test of the dialogs."""

import pytest

from storage.store import Store
from tests.conftest import Clock
from tests.routing.county import County


@pytest.fixture
def county(sqlite_store: Store, clock: Clock) -> County:
    return County(sqlite_store, clock).found()
