"""Photos and voices that a platform could not give at once: had later, or given up, and their case stays."""

import io
from datetime import timedelta

import pytest
from PIL import Image

from bot.channel import AttachmentGone, TemporaryFailure
from bot.media import MAX_ATTEMPTS, MediaFetcher
from bot.registry import Channels
from routing.case import PartKind, StoredFile
from routing.errors import Unchecked
from storage.store import Store
from tests.bot.plain_channel import PlainChannel


def a_photo() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (8, 6)).save(content, "PNG")
    return content.getvalue()


class Fetching:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.channel = PlainChannel()
        self.fetcher = MediaFetcher(store.writer, store.files, Channels([self.channel]))

    def pending(self, reference: str, kind: PartKind = PartKind.PHOTO, account: str = "citizen") -> int:
        with self.store.transaction() as uow:
            file = StoredFile(kind, "plain", uow.now, state="pending", reference=f"{account}:{reference}")
            uow.files.add(file)
            return file.id

    def file(self, file_id: int) -> StoredFile:
        with self.store.transaction() as uow:
            found = uow.files.get(file_id)
            assert found is not None
            return found

    async def fetch(self) -> int:
        return await self.fetcher.fetch_pending()


@pytest.fixture
def fetching(sqlite_store: Store) -> Fetching:
    return Fetching(sqlite_store)


async def test_what_is_there_again_is_stored(fetching: Fetching) -> None:
    fetching.channel.contents["a:b"] = a_photo()
    file_id = fetching.pending("a:b", kind=PartKind.FILE)
    assert await fetching.fetch() == 1
    assert await fetching.fetch() == 0
    file = fetching.file(file_id)
    assert (file.state, file.kind, file.mime, file.reference) == ("stored", PartKind.PHOTO, "image/png", None)
    assert fetching.store.files.read(file.name or "")


async def test_one_that_fails_holds_up_no_other(fetching: Fetching) -> None:
    fetching.channel.contents.update({"slow": TemporaryFailure(), "fine": a_photo()})
    slow, fine = fetching.pending("slow"), fetching.pending("fine")
    assert await fetching.fetch() == 1
    assert (fetching.file(slow).state, fetching.file(slow).attempts) == ("pending", 1)
    assert fetching.file(fine).state == "stored"


@pytest.mark.parametrize("content", [AttachmentGone(), b"MZ\x90\x00 a program", b""])
async def test_what_cannot_be_had_is_given_up(fetching: Fetching, content: bytes | Exception) -> None:
    fetching.channel.contents["x"] = content
    file_id = fetching.pending("x")
    assert await fetching.fetch() == 0
    assert fetching.file(file_id).state == "rejected"
    assert await fetching.fetch() == 0


async def test_after_many_tries_it_is_given_up(fetching: Fetching) -> None:
    fetching.channel.contents["x"] = TemporaryFailure()
    file_id = fetching.pending("x")
    for _ in range(MAX_ATTEMPTS - 1):
        await fetching.fetch()
    assert fetching.file(file_id).state == "pending"
    await fetching.fetch()
    assert fetching.file(file_id).state == "rejected"


async def test_a_virus_scanner_that_is_away_uses_up_no_tries(
    fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetching.channel.contents["x"] = a_photo()
    ids = [fetching.pending("x") for _ in range(3)]

    def unchecked(content: bytes, declared: str | None) -> None:
        raise Unchecked("clamd")

    with monkeypatch.context() as away:
        away.setattr(fetching.store.files, "save", unchecked)
        for _ in range(MAX_ATTEMPTS + 1):
            assert await fetching.fetch() == 0
    assert [(fetching.file(i).state, fetching.file(i).attempts) for i in ids] == [("pending", 0)] * 3
    assert await fetching.fetch() == 3


async def test_a_bug_in_a_channel_holds_up_no_other(fetching: Fetching) -> None:
    fetching.channel.contents["fine"] = a_photo()
    broken, fine = fetching.pending("no such key"), fetching.pending("fine")
    await fetching.fetch()
    assert fetching.file(fine).state == "stored"
    assert (fetching.file(broken).state, fetching.file(broken).attempts) == ("pending", 1)


async def test_a_channel_that_is_not_configured_now_may_come_back(fetching: Fetching) -> None:
    file_id = fetching.pending("x", account="former")
    await fetching.fetch()
    assert fetching.file(file_id).state == "pending"


def test_a_while_is_long_enough_for_a_platform_to_recover() -> None:
    """One try every thirty seconds (`cli.wiring`)."""
    assert timedelta(seconds=30) * MAX_ATTEMPTS >= timedelta(minutes=10)
