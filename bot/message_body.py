"""A message as JSON: what is kept, sealed, of one that failed or must wait."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from bot.message import Attachment, InboundMessage


def body_of(message: InboundMessage, file_ids: Sequence[int] = ()) -> str:
    """The message with the ids of its stored files. Contents are left out: they are stored, or fetched again."""
    bare = replace(message, attachments=tuple(replace(a, content=None) for a in message.attachments))
    return json.dumps({**asdict(bare), "received_at": message.received_at.isoformat(), "files": list(file_ids)})


def message_from_body(body: str) -> tuple[InboundMessage, list[int]]:
    """What `body_of` made of a message, and the ids of the files that came with it."""
    values = json.loads(body)
    file_ids = values.pop("files")
    values["received_at"] = datetime.fromisoformat(values["received_at"])
    values["attachments"] = tuple(Attachment(**attachment) for attachment in values["attachments"])
    values["location"] = tuple(values["location"]) if values["location"] else None
    return InboundMessage(**values), file_ids
