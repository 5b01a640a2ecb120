"""A member at the fake WeCom: what they do is put to our callback as the platform does."""

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.cgi_callback import Try, hand_over
from tests.fakes.wechat_envelope import cdata
from tests.fakes.wecom_app import Membership, Seen

if TYPE_CHECKING:
    from tests.fakes.wecom import FakeWeCom


@dataclass
class Receipt:
    """What became of one message."""

    xml: str
    tries: list[Try] = field(default_factory=list)

    @property
    def acknowledged(self) -> bool:
        return bool(self.tries) and self.tries[-1].status == 200


class Member:
    """One user id. Each method returns when the platform is done with the message."""

    def __init__(self, platform: "FakeWeCom", user_id: str) -> None:
        self._platform = platform
        self.user_id = user_id

    @property
    def membership(self) -> Membership:
        return self._platform.account.members[self.user_id]

    @property
    def screen(self) -> list[Seen]:
        """What of ours their chat shows, oldest first."""
        return self.membership.screen

    async def enter(self) -> Receipt:
        """Open the app's chat."""
        return await self._event("enter_agent", "")

    async def subscribe(self) -> Receipt:
        self.membership.visible = True
        return await self._event("subscribe", "")

    async def unsubscribe(self) -> Receipt:
        self.membership.visible = False
        return await self._event("unsubscribe", "")

    async def click(self, key: str) -> Receipt:
        return await self._event("click", key)

    async def press(self, label: str) -> Receipt:
        """Press a button of the newest card that has it; one that looks pressed can be pressed again."""
        for seen in reversed(self.screen):
            if found := next((text for text in (label, f"✓ {label}") if text in seen.buttons), None):
                return await self.press_on(seen, found)
        raise LookupError(f"no button {label!r}")

    async def press_on(self, seen: Seen, label: str) -> Receipt:
        return await self.deliver(self.pressing(seen, label))

    def pressing(self, seen: Seen, label: str) -> str:
        """The message that tells of a press."""
        code = self._platform.account.new_code(seen)
        return self.event(
            "template_card_event", seen.buttons[label],
            f"<TaskId>{cdata(seen.task_id)}</TaskId><CardType>{cdata('button_interaction')}</CardType>"
            f"<ResponseCode>{cdata(code)}</ResponseCode>",
        )  # fmt: skip

    async def text(self, text: str) -> Receipt:
        return await self.deliver(self.message("text", f"<Content>{cdata(text)}</Content>"))

    async def image(self, content: bytes) -> Receipt:
        media_id = self._platform.account.add_media(content, "image/jpeg", "photo.jpg")
        url = f"{self._platform.url}/pic/{secrets.token_hex(8)}"
        fields = f"<PicUrl>{cdata(url)}</PicUrl><MediaId>{cdata(media_id)}</MediaId>"
        return await self.deliver(self.message("image", fields))

    def message(self, kind: str, fields: str) -> str:
        return self.xml(kind, f"{fields}<MsgId>{self._platform.account.next_message_id()}</MsgId>")

    def event(self, event: str, key: str, fields: str = "") -> str:
        return self.xml("event", f"<Event>{cdata(event)}</Event><EventKey>{cdata(key)}</EventKey>{fields}")

    def xml(self, kind: str, fields: str) -> str:
        """A message of theirs before it is encrypted."""
        app = self._platform.account
        return (
            f"<xml><ToUserName>{cdata(app.corp_id)}</ToUserName><FromUserName>{cdata(self.user_id)}</FromUserName>"
            f"<CreateTime>{int(app.clock().timestamp())}</CreateTime><MsgType>{cdata(kind)}</MsgType>{fields}"
            f"<AgentID>{app.agent_id}</AgentID></xml>"
        )

    async def _event(self, event: str, key: str) -> Receipt:
        return await self.deliver(self.event(event, key))

    async def deliver(self, xml: str) -> Receipt:
        """Put a message to the callback; called again with the XML of a receipt, it is a repeat of it."""
        platform = self._platform
        tries = await hand_over(
            platform.session, platform.callback, platform.account.envelope, xml, to=platform.account.corp_id,
            at=int(platform.account.clock().timestamp()), patience=platform.patience,
        )  # fmt: skip
        assert tries[-1].status != 200 or tries[-1].body in ("", "success"), "what it says is sent, not answered"
        return Receipt(xml, tries)
