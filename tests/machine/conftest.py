"""What every run of the machine begins with."""

from pathlib import Path

import pytest

from bot import delivery
from tests.machine.beginning import Beginning, begin


@pytest.fixture
def beginning(sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Beginning:
    # Nothing is there to share a group with, so nothing is waited for.
    monkeypatch.setattr(delivery, "RECORD_WITHIN", 0.0005)
    return begin(sqlite_template)
