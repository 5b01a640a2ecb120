"""The mailbox of a web chat: what was said to an address, numbered, so that a page can ask for what came since.

Reception puts replies in it in the transaction that handles the message, delivery puts pushes in it; both come out
the same way, so a page never has to know which it is looking at.
"""

from dataclasses import replace
from typing import Any

import orjson

from bot.message import Button, OutboundMessage, Picture
from routing.inbox import MailboxMessage
from routing.people import Address
from routing.ports import Sealer, UnitOfWork


def put_in_mailbox(uow: UnitOfWork, address: Address, message: OutboundMessage) -> MailboxMessage:
    """Number `message` and keep it for `address`, inside the caller's transaction.

    A message with a `notice_id` that is already there is not put a second time: the first is returned.
    """
    if message.notice_id is not None:
        there = uow.mailbox.of_notice(address.id, message.notice_id)
        if there is not None:
            return there
    payload = orjson.dumps(
        {
            "text": message.text,
            "buttons": [{"label": button.label, "data": button.data} for button in message.buttons],
            "files": [{"name": file.name, "kind": file.kind, "mime": file.mime} for file in message.pictures],
        }
    ).decode()
    row = MailboxMessage(
        address_id=address.id,
        seq=address.next_seq,
        payload=uow.sealer.seal(payload) if message.sealed else payload,
        created_at=uow.now,
        sealed=message.sealed,
        notice_id=message.notice_id,
        case_id=message.case_id,
    )
    address.next_seq += 1
    uow.mailbox.add(row)
    return row


def numbered(message: OutboundMessage, row: MailboxMessage) -> OutboundMessage:
    """`message` as a passive channel's `receive` returns it: with the number under which it was kept."""
    return replace(message, seq=row.seq)


def open_mailbox_message(row: MailboxMessage, sealer: Sealer) -> OutboundMessage:
    """The message that was put in.

    Raises `ValueError` when it was sealed with another key or changed.
    """
    content: dict[str, Any] = orjson.loads(sealer.open(row.payload) if row.sealed else row.payload)
    return OutboundMessage(
        text=content["text"],
        buttons=tuple(Button(button["label"], button["data"]) for button in content["buttons"]),
        pictures=tuple(Picture(file["name"], file["mime"], file["kind"]) for file in content["files"]),
        sealed=row.sealed,
        notice_id=row.notice_id,
        case_id=row.case_id,
        seq=row.seq,
    )


def from_mailbox(uow: UnitOfWork, address: Address, seq: int) -> OutboundMessage | None:
    """One kept message by its number, for answering a repeat; None when there is none."""
    row = uow.mailbox.get(address.id, seq)
    return None if row is None else open_mailbox_message(row, uow.sealer)
