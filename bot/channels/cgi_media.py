"""What people sent on WeChat or WeCom: to be fetched within three days, then the platform deletes it."""

from typing import Final

from bot.channel import AttachmentGone, TemporaryFailure
from bot.channels.cgi_api import CgiApi, TooLong
from bot.channels.cgi_errors import CgiRefusal, Policy, delivery_error
from bot.message import Attachment
from routing.ports import Clock

#: How a file never begins, and an error or a proxy's page does.
_WORDS: Final = (b"{", b"<")


async def fetch_media(api: CgiApi, attachment: Attachment, limit: int, clock: Clock) -> bytes:
    """The content behind `attachment.reference`, a media id, of at most `limit` bytes. What it is is found out when it
    is saved, by its content.

    Raises `AttachmentGone` when it is deleted or too large, `TemporaryFailure` or `RateLimited`.
    """
    if not attachment.reference:
        raise AttachmentGone("no media id")
    try:
        content = await api.download(attachment.reference, limit)
    except TooLong as error:
        raise AttachmentGone(str(error)) from None
    except CgiRefusal as refusal:
        if refusal.policy is Policy.GONE:
            raise AttachmentGone(str(refusal)) from None
        raise delivery_error(refusal, clock()) from None
    if not content or content.lstrip()[:1] in _WORDS:
        raise TemporaryFailure("media/get: words instead of a file")
    return content
