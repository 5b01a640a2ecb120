"""What comes with a message: fetched, checked and written before the transaction that takes the message in."""

import asyncio
from dataclasses import dataclass, field, replace

from bot.channel import AttachmentGone, Channel, DeliveryError
from bot.message import Attachment, InboundMessage
from routing.case import PartKind, StoredFile
from routing.errors import Refused, Unchecked
from routing.ports import FileStore, SavedFile, UnitOfWork

FETCH_SECONDS = 8.0


@dataclass(slots=True)
class Taken:
    """Attachments with what was saved of each, None for one that is to be fetched later; and why others were not
    taken."""

    saved: list[tuple[Attachment, SavedFile | None]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


class Taker:
    """Waits `seconds` for each file, and no more than half of what the platform waits for its answer."""

    def __init__(self, files: FileStore, seconds: float) -> None:
        self._files = files
        self._seconds = seconds

    async def take(self, message: InboundMessage, channel: Channel | None) -> Taken:
        """Fetch and write what came with the message. What the platform can't give now is fetched later."""
        taken = Taken()
        within = channel.capabilities.answer_within if channel is not None else None
        seconds = self._seconds if within is None else min(self._seconds, within / 2)
        for attachment in message.attachments:
            try:
                saved = await self._saved(attachment, channel, seconds)
                taken.saved.append((replace(attachment, content=None), saved))
            except Refused as refused:
                taken.refused.append(refused)
            except Unchecked:
                if attachment.reference is None:
                    taken.refused.append(Refused("file.unchecked"))
                else:
                    taken.saved.append((replace(attachment, content=None), None))
            except AttachmentGone:
                taken.refused.append(Refused("file.gone"))
            except (TimeoutError, DeliveryError):
                taken.saved.append((replace(attachment, content=None), None))
        return taken

    async def _saved(self, attachment: Attachment, channel: Channel | None, seconds: float) -> SavedFile:
        content = attachment.content
        if content is None and channel is not None:
            if attachment.size is not None and attachment.size > channel.capabilities.attachment_limit:
                raise Refused("file.size")
            async with asyncio.timeout(seconds):
                content = await channel.fetch(attachment)
        return await asyncio.to_thread(self._files.save, content or b"", attachment.mime)


def stored(uow: UnitOfWork, message: InboundMessage, taken: Taken) -> list[StoredFile]:
    """The rows of what was taken, added in the message's transaction."""
    files = []
    for attachment, saved in taken.saved:
        file = StoredFile(kind=PartKind(attachment.kind), channel=message.channel, created_at=uow.now)
        if saved is None:
            file.state, file.reference = "pending", f"{message.account}:{attachment.reference}"
        else:
            file.kind, file.name, file.mime = PartKind(saved.kind), saved.name, saved.mime
            file.size, file.sha256 = saved.size, saved.sha256
        uow.files.add(file)
        files.append(file)
    return files
