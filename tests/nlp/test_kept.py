"""What is dear to make is made once, and never read from where others could have put it."""

import os
import stat
from pathlib import Path

import pytest

from nlp import kept as module
from nlp.kept import kept


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def never() -> bytes:
    raise AssertionError("made although it was kept")


def test_is_made_once(cache: Path) -> None:
    assert kept("words", "1", lambda: b"made") == b"made"
    assert kept("words", "1", never) == b"made"
    assert stat.S_IMODE((cache / "mashang").stat().st_mode) == 0o700


def test_another_version_is_made_anew() -> None:
    kept("words", "1", lambda: b"old")
    assert kept("words", "2", lambda: b"new") == b"new"
    assert kept("words", "2", never) == b"new"


@pytest.mark.parametrize("left", [b"", b"x", b"x" * 64])
def test_a_file_that_was_cut_or_changed_is_made_anew(cache: Path, left: bytes) -> None:
    kept("words", "1", lambda: b"made")
    (cache / "mashang" / "words").write_bytes(left)
    assert kept("words", "1", lambda: b"again") == b"again"


def test_a_folder_that_others_could_have_planted_is_not_used(cache: Path) -> None:
    (cache / "elsewhere").mkdir()
    (cache / "mashang").symlink_to(cache / "elsewhere")
    assert kept("words", "1", lambda: b"made") == b"made"
    assert list((cache / "elsewhere").iterdir()) == []


def test_without_a_folder_it_is_made_each_time(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cache / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache / "file"))
    assert kept("words", "1", lambda: b"made") == b"made"
    assert kept("words", "1", lambda: b"again") == b"again"


def test_a_full_disk_costs_time_only(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "replace", full)
    assert kept("words", "1", lambda: b"made") == b"made"
    assert os.listdir(cache / "mashang") == [], "and nothing is left lying about"
