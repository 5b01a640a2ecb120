"""One served station for nearly all of these tests, and what each of them counts."""

from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from tests.hostile.served import Served, serving, watched
from tests.hostile.station import Station
from tests.hostile.tally import PROPERTY, Tally


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Iterator[Tally]:
    """What this test counts by itself."""
    counted = Tally()
    yield counted
    record_property(PROPERTY, {"cases": dict(counted.cases), "growth": counted.growth})


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("hostile")) as one:
        yield one


@pytest.fixture
async def station(served: Served, tally: Tally) -> AsyncIterator[Station]:
    async with watched(served, tally) as found:
        yield found
