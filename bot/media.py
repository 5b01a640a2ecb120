"""Photos and voices that a platform could not give at once: fetched later, while it still keeps them."""

import asyncio

import structlog

from bot.channel import AttachmentGone, DeliveryError
from bot.message import Attachment
from bot.registry import Channels
from routing.case import PartKind, StoredFile
from routing.errors import Refused, StorageUnavailable, Unchecked
from routing.ports import FileStore, SavedFile, UnitOfWork, Writer

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 20


class MediaFetcher:
    """Fetches what stands as pending; a file that can't be had any more is marked rejected, its case stays."""

    def __init__(self, writer: Writer, files: FileStore, channels: Channels) -> None:
        self._writer = writer
        self._files = files
        self._channels = channels

    async def fetch_pending(self) -> int:
        """Try every pending file once; returns how many were stored."""
        pending = await self._writer.run(lambda uow: [_copy(file) for file in uow.files.pending()])
        stored = 0
        for file in pending:
            try:
                saved, rejected = await self._fetch(file)
            except Unchecked:
                # It would be so with the others too, and is none of their tries. Their platforms keep them for days.
                log.warning("attachments_wait_for_the_scanner", count=len(pending))
                break
            await self._writer.run(lambda uow, f=file, s=saved, r=rejected: _record(uow, f.id, s, r))  # type: ignore[misc]
            stored += saved is not None
        return stored

    async def _fetch(self, file: StoredFile) -> tuple[SavedFile | None, bool]:
        account, _, reference = (file.reference or "").partition(":")
        channel = self._channels.get(file.channel, account)
        if channel is None:
            return None, False
        try:
            async with asyncio.timeout(60):
                content = await channel.fetch(Attachment(kind=file.kind.value, reference=reference))  # type: ignore[arg-type]
            return await asyncio.to_thread(self._files.save, content, None), False
        except (AttachmentGone, Refused) as error:
            log.info("attachment_rejected", file=file.id, error=type(error).__name__)
            return None, True
        except (TimeoutError, DeliveryError):
            return None, False
        except (StorageUnavailable, Unchecked):
            raise
        except Exception as error:
            # One file must not hold up the others; it is tried again like one that is not to be had now.
            log.error("attachment_raised", file=file.id, error=type(error).__name__)
            return None, False


def _copy(file: StoredFile) -> StoredFile:
    return StoredFile(
        kind=file.kind, channel=file.channel, created_at=file.created_at, reference=file.reference, id=file.id
    )


def _record(uow: UnitOfWork, file_id: int, saved: SavedFile | None, rejected: bool) -> None:
    file = uow.files.get(file_id)
    if file is None or file.state != "pending":
        return
    file.attempts += 1
    if saved is not None:
        file.state, file.reference = "stored", None
        file.kind, file.name, file.mime = PartKind(saved.kind), saved.name, saved.mime
        file.size, file.sha256 = saved.size, saved.sha256
    elif rejected or file.attempts >= MAX_ATTEMPTS:
        file.state = "rejected"
