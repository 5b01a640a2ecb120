"""What people do in DingTalk, in the shapes that its robot callback really sends. `FakeApp.push` adds what the platform
knows: ids, times, the robot, the session webhook."""

import itertools
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
_ids = itertools.count(1)


@dataclass(frozen=True)
class Staff:
    """Somebody of the organisation in their chat with the robot, or in a group where they call it."""

    id: str
    group: bool = False

    def message(self, kind: str, **content: Any) -> Json:
        group = {"conversationTitle": "一个群", "isInAtList": True} if self.group else {}
        return {
            "conversationId": f"cid{'G' if self.group else self.id}==",
            "conversationType": "2" if self.group else "1",
            "msgId": f"msg{next(_ids):08d}==",
            "msgtype": kind,
            "senderId": f"$:LWCP_v1:${self.id}",
            "senderNick": "某某",
            "senderStaffId": self.id,
            "senderCorpId": "ding0123456789",
            "isAdmin": False,
            **group,
            **content,
        }

    def text(self, text: str, **more: Any) -> Json:
        # In a group, the robot's name in front is taken away and its blank is left.
        return self.message("text", text={"content": f" {text}" if self.group else text}, **more)

    def reply(self, text: str, key: str) -> Json:
        """Quoting a message of the robot's, of which `key` is the processQueryKey."""
        quoted = {"msgType": "interactiveCard", "senderId": "$:LWCP_v1:$robot", "msgId": "msg-quoted=="}
        said = {"content": text, "isReplyMsg": True, "repliedMsg": quoted}
        return self.message("text", text=said, originalMsgId="msg-quoted==", originalProcessQueryKey=key)

    def picture(self, code: str) -> Json:
        return self.message("picture", content={"downloadCode": code, "pictureDownloadCode": f"p-{code}"})

    def audio(self, code: str, recognition: str | None = None) -> Json:
        heard = {} if recognition is None else {"recognition": recognition}
        return self.message("audio", content={"duration": 4000, "downloadCode": code, **heard})

    def video(self, code: str) -> Json:
        return self.message("video", content={"duration": 4000, "videoType": "mp4", "downloadCode": code})

    def file(self, code: str, name: str) -> Json:
        content = {"spaceId": "2061", "fileName": name, "downloadCode": code, "fileId": "13082"}
        return self.message("file", content=content)

    def rich(self, *pieces: Json) -> Json:
        return self.message("richText", content={"richText": list(pieces)})

    def records(self) -> Json:
        """A bundle of forwarded messages."""
        return self.message("chatRecord", content={"summary": "[]", "chatRecord": "[]"})
