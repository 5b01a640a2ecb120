"""What the documents say of the settings is what the program reads."""

import re
from pathlib import Path

import pytest

from cli.settings import Settings

ROOT = Path(__file__).parents[2]
NAMES = {f"MASHANG_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("document", [".env.example", "docs/operations.md"])
def test_every_setting_is_told_and_no_other(document: str) -> None:
    told = set(re.findall(r"MASHANG_[A-Z_]+[A-Z]", (ROOT / document).read_text(encoding="utf-8")))

    assert NAMES - told == set()
    assert told - NAMES - {"MASHANG_TEST_POSTGRESQL"} == set()
