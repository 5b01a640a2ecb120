"""What people do in Telegram, in the shapes that its Bot API really sends. `FakeBot.push` adds ids and dates."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


def utf16(text: str) -> int:
    """Length as Telegram counts it, in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def entities(text: str) -> list[Json]:
    """The marks that Telegram's server puts on a text: here a leading command."""
    if not text.startswith("/") or len(text) < 2 or not text[1].isalpha():
        return []
    return [{"offset": 0, "length": utf16(text.split()[0]), "type": "bot_command"}]


@dataclass(frozen=True)
class Person:
    """Somebody with a private chat, whose chat id is the person's id, or writing in a group."""

    id: int
    language: str = "zh-hans"
    group: int | None = None

    @property
    def user(self) -> Json:
        return {
            "id": self.id,
            "is_bot": False,
            "first_name": f"Person {self.id}",
            "username": f"person_{self.id}",
            "language_code": self.language,
        }

    @property
    def chat(self) -> Json:
        if self.group is not None:
            return {"id": self.group, "title": "A group", "type": "supergroup"}
        name = f"Person {self.id}"
        return {"id": self.id, "first_name": name, "username": f"person_{self.id}", "type": "private"}

    def message(self, **content: Any) -> Json:
        return {"message": {"from": self.user, "chat": self.chat, **content}}

    def text(self, text: str, **more: Any) -> Json:
        marks = entities(text)
        return self.message(text=text, **({"entities": marks} if marks else {}), **more)

    def start(self, code: str = "") -> Json:
        return self.text(f"/start {code}" if code else "/start")

    def edited(self, text: str) -> Json:
        message = self.text(text)["message"]
        return {"edited_message": {**message, "edit_date": 1_800_000_100}}

    def forwarded(self, text: str) -> Json:
        origin = {"type": "hidden_user", "sender_user_name": "Somebody", "date": 1_700_000_000}
        return self.text(text, forward_origin=origin)

    def photo(self, file_id: str, size: int, caption: str = "") -> Json:
        """Telegram offers each photo in several sizes, the largest last."""
        small = {"file_id": f"{file_id}-thumb", "file_unique_id": "s", "file_size": 9, "width": 90, "height": 67}
        large = {"file_id": file_id, "file_unique_id": "l", "file_size": size, "width": 1280, "height": 960}
        return self.message(photo=[small, large], **_caption(caption))

    def voice(self, file_id: str, size: int, caption: str = "") -> Json:
        voice = {"duration": 3, "mime_type": "audio/ogg", **_file(file_id, size)}
        return self.message(voice=voice, **_caption(caption))

    def audio(self, file_id: str, size: int) -> Json:
        audio = {"duration": 3, "mime_type": "audio/mpeg", "title": "t", "file_name": "a.mp3", **_file(file_id, size)}
        return self.message(audio=audio)

    def video(self, file_id: str, size: int) -> Json:
        video = {"duration": 3, "width": 9, "height": 9, "mime_type": "video/mp4", **_file(file_id, size)}
        return self.message(video=video)

    def document(self, file_id: str, size: int, name: str, mime: str, caption: str = "") -> Json:
        document = {"file_name": name, "mime_type": mime, **_file(file_id, size)}
        return self.message(document=document, **_caption(caption))

    def location(self, latitude: float, longitude: float) -> Json:
        return self.message(location={"latitude": latitude, "longitude": longitude})

    def venue(self, latitude: float, longitude: float) -> Json:
        place = {"latitude": latitude, "longitude": longitude}
        return self.message(location=place, venue={"location": place, "title": "Square", "address": "1 Main St"})

    def sticker(self) -> Json:
        kinds = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        return self.message(sticker={**kinds, "emoji": "🙂", **_file("sticker-1", 9)})

    def poll(self) -> Json:
        options = [{"text": "a", "voter_count": 0, "persistent_id": "0"}]
        kinds: Json = {"is_closed": False, "is_anonymous": True, "type": "regular", "allows_multiple_answers": False}
        kinds |= {"allows_revoting": True, "members_only": False}
        return self.message(poll={"id": "5", "question": "?", "options": options, "total_voter_count": 0, **kinds})

    def pinned(self) -> Json:
        """A service message: nobody said anything."""
        return self.message(pinned_message={"message_id": 1, "date": 0, "chat": self.chat})

    def membership(self, status: str, bot: Json, before: str = "member") -> Json:
        """The person blocked ("kicked") the bot or took it back ("member")."""
        until = {"until_date": 0}
        change = {
            "old_chat_member": {"user": bot, "status": before, **(until if before == "kicked" else {})},
            "new_chat_member": {"user": bot, "status": status, **(until if status == "kicked" else {})},
        }
        return {"my_chat_member": {"chat": self.chat, "from": self.user, **change}}

    def pressed(self, message: Json, data: str, query_id: str) -> Json:
        """`message` is the one that carries the button, as the platform describes it."""
        query = {"id": query_id, "from": self.user, "message": message, "chat_instance": "77", "data": data}
        return {"callback_query": query}


def _file(file_id: str, size: int) -> Json:
    return {"file_id": file_id, "file_unique_id": f"u-{file_id}", "file_size": size}


def _caption(text: str) -> Json:
    return {"caption": text} if text else {}
