"""What waited until somebody writes rides in the answer to what they wrote, as far as it fits: an answer is counted by
no platform, and some accounts have nothing else."""

from collections.abc import Sequence

from bot.channel import Capabilities
from bot.delivery import Delivery
from bot.letters import Letter
from bot.text import fitting
from routing.notice import Notice
from routing.people import Conversation
from routing.ports import UnitOfWork


def riders(
    uow: UnitOfWork,
    delivery: Delivery,
    waited: Sequence[Notice],
    before: Sequence[Letter],
    capabilities: Capabilities,
    conversation: Conversation,
) -> list[Letter]:
    """Lease as many of `waited`, from the first, as fit behind the replies `before` into one answer; the others are
    sent. In the transaction that made them due.

    One whose pieces were partly sent doesn't ride, nor does one with choices where a reply has any: only the last
    choices of an answer are numbered.
    """
    if not waited or not capabilities.answer_limit:
        return []
    in_order = sorted(waited, key=lambda notice: (notice.priority, notice.id))
    due = {notice.id for notice in in_order}
    if any(not due.issuperset(uow.notices.waiting(notice.contact_id, notice.priority)) for notice in in_order):
        # Something is before them, or being sent.
        return []
    texts = [letter.message for letter in before if letter.message is not None]
    riding: list[Letter] = []
    for notice in in_order:
        letter = delivery.lease(uow, notice)
        chosen = any(text.buttons for text in texts) and bool(notice.buttons)
        # The person may have other chats, and some things are for one of them alone.
        here = letter.address is not None and letter.address.id == conversation.address_id
        fits = letter.message is not None and fitting([*texts, letter.message], capabilities.answer_limit,
                                                      capabilities.text_unit) == len(texts) + 1  # fmt: skip
        if letter.message is None or not fits or chosen or notice.parts_sent or not here:
            notice.lease_owner = notice.lease_until = None
            break
        texts.append(letter.message)
        riding.append(letter)
        if notice.buttons:
            conversation.offered = [token for _, token in notice.buttons]
    return riding
