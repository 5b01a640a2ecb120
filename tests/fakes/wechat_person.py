"""A citizen at the fake WeChat: what they do is put to our callback as the platform does, encrypted, three times at
most, five seconds each, always with the same MsgId."""

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.cgi_callback import Try, hand_over
from tests.fakes.wechat_account import Follower, Seen
from tests.fakes.wechat_envelope import cdata
from tests.fakes.wechat_envelope import field as element

if TYPE_CHECKING:
    from tests.fakes.wechat import FakeWeChat

BROKEN = "该公众号提供的服务出现故障，请稍后再试"


@dataclass
class Receipt:
    """What became of one message. `passive`: the text of the reply in the answer, None for none. `kind` and
    `media_id`: of a reply that is no text."""

    xml: str
    tries: list[Try] = field(default_factory=list)
    acknowledged: bool = False
    passive: str | None = None
    kind: str | None = None
    media_id: str | None = None


class Citizen:
    """One openid. Each method returns when the platform is done with the message."""

    def __init__(self, platform: "FakeWeChat", openid: str) -> None:
        self._platform = platform
        self.openid = openid

    @property
    def follower(self) -> Follower:
        return self._platform.account.people[self.openid]

    @property
    def screen(self) -> list[Seen]:
        """What of ours their chat shows, oldest first."""
        return self.follower.screen

    async def subscribe(self, scene: str | None = None) -> Receipt:
        """Follow the account, by scanning a parametric code where `scene` says which."""
        self.follower.following = True
        return await self._event("subscribe", f"qrscene_{scene}" if scene else "", ticket=scene is not None)

    async def scan(self, scene: str) -> Receipt:
        """Scan a parametric code: a follower's chat opens, anybody else follows."""
        if not self.follower.following:
            return await self.subscribe(scene)
        return await self._event("SCAN", scene, ticket=True)

    async def unsubscribe(self) -> Receipt:
        self.follower.following = False
        self.follower.opened.clear()
        return await self._event("unsubscribe", "")

    async def click(self, key: str) -> Receipt:
        return await self._event("CLICK", key)

    async def view(self, url: str) -> Receipt:
        return await self._event("VIEW", url)

    async def text(self, text: str) -> Receipt:
        return await self._message("text", f"<Content>{cdata(text)}</Content>")

    async def image(self, content: bytes) -> Receipt:
        media_id = self._platform.account.add_media(content, "image/jpeg", "photo.jpg")
        url = f"{self._platform.url}/mmbiz/{secrets.token_hex(8)}"
        return await self._message("image", f"<PicUrl>{cdata(url)}</PicUrl><MediaId>{cdata(media_id)}</MediaId>")

    async def voice(self, content: bytes, recognition: str | None = None) -> Receipt:
        """`recognition`: what the platform heard, where the account still has that."""
        media_id = self._platform.account.add_media(content, "audio/amr", "voice.amr")
        heard = "" if recognition is None else f"<Recognition>{cdata(recognition)}</Recognition>"
        return await self._message(
            "voice", f"<Format><![CDATA[amr]]></Format><MediaId>{cdata(media_id)}</MediaId>{heard}"
        )

    async def video(self, content: bytes, *, short: bool = False) -> Receipt:
        media_id = self._platform.account.add_media(content, "video/mp4", "video.mp4")
        thumb = self._platform.account.add_media(b"\xff\xd8\xff", "image/jpeg", "thumb.jpg")
        return await self._message(
            "shortvideo" if short else "video",
            f"<MediaId>{cdata(media_id)}</MediaId><ThumbMediaId>{cdata(thumb)}</ThumbMediaId>",
        )

    async def location(self, lat: float, lon: float, label: str = "") -> Receipt:
        return await self._message(
            "location",
            f"<Location_X>{lat}</Location_X><Location_Y>{lon}</Location_Y><Scale>16</Scale><Label>{cdata(label)}</Label>",
        )

    async def link(self, title: str, description: str, url: str) -> Receipt:
        return await self._message(
            "link",
            f"<Title>{cdata(title)}</Title><Description>{cdata(description)}</Description><Url>{cdata(url)}</Url>",
        )

    async def _message(self, kind: str, fields: str) -> Receipt:
        account = self._platform.account
        if self.follower.following:
            account.opens(self.openid, "message")
        return await self.deliver(self.xml(kind, f"{fields}<MsgId>{account.next_message_id()}</MsgId>"))

    async def _event(self, event: str, key: str, *, ticket: bool = False) -> Receipt:
        if event in ("subscribe", "SCAN", "CLICK", "VIEW"):
            self._platform.account.opens(self.openid, "tap")
        fields = f"<Event>{cdata(event)}</Event><EventKey>{cdata(key)}</EventKey>"
        return await self.deliver(
            self.xml("event", fields + ("<Ticket><![CDATA[gQticket]]></Ticket>" if ticket else ""))
        )

    def xml(self, kind: str, fields: str) -> str:
        """A message of theirs before it is encrypted."""
        account = self._platform.account
        return (
            f"<xml><ToUserName>{cdata(account.name)}</ToUserName><FromUserName>{cdata(self.openid)}</FromUserName>"
            f"<CreateTime>{int(account.clock().timestamp())}</CreateTime><MsgType>{cdata(kind)}</MsgType>{fields}</xml>"
        )

    async def deliver(self, xml: str) -> Receipt:
        """Put a message to the callback; called again with the XML of a receipt, it is a repeat of it."""
        platform, receipt = self._platform, Receipt(xml)
        receipt.tries = await hand_over(
            platform.session, platform.callback, platform.account.envelope, xml, to=platform.account.name,
            at=int(platform.account.clock().timestamp()), patience=platform.patience, who=self.openid,
        )  # fmt: skip
        if receipt.tries[-1].status != 200:
            self._broken()
            return receipt
        receipt.acknowledged = True
        self._read(receipt, receipt.tries[-1].body)
        return receipt

    def _read(self, receipt: Receipt, body: str) -> None:
        """Show the passive reply, or what the platform shows for one that it can't read."""
        if body in ("", "success"):
            return
        account = self._platform.account
        try:
            reply = account.envelope.open_reply(body)
        except ValueError:
            self._broken()
            return
        receipt.kind = element(reply, "MsgType")
        addressed = element(reply, "ToUserName") == self.openid and element(reply, "FromUserName") == account.name
        text = element(reply, "Content") or ""
        if not addressed or element(reply, "CreateTime") is None or len(text.encode()) > 2048:
            self._broken()
        elif receipt.kind == "text":
            receipt.passive = text
            account.show(self.openid, text, "passive")
        elif receipt.kind in ("image", "voice"):
            receipt.media_id = element(reply, "MediaId")
            media = account.media.get(receipt.media_id or "")
            account.show(self.openid, "", "passive", kind=receipt.kind, content=media.content if media else None)
        else:
            self._broken()

    def _broken(self) -> None:
        self._platform.account.show(self.openid, BROKEN, "fault")
