"""A chat with the dialogs as reception runs them, without a platform: what comes back are keys, not yet words."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from bot.dialogs import citizen, work
from bot.dialogs.turn import Say, Turn
from bot.message import InboundMessage
from routing.case import Case, PartKind, StoredFile
from routing.notice import NoticeState
from tests.routing.county import CITIZEN, County

_IDS = itertools.count()


@dataclass
class Chat:
    """One person's chat. Members are known by the names of the roster; everybody else is a citizen."""

    county: County
    who: str = CITIZEN
    work: bool = False
    buttons: dict[str, str] = field(default_factory=dict)
    heard: list[Say] = field(default_factory=list)

    def say(self, text: str = "", *, photos: int = 0, **message: Any) -> list[str]:
        """Send one message; returns the keys of the replies."""
        kind = "text" if text else "photo" if photos else "location"
        inbound = InboundMessage(
            "plain", "desk" if self.work else "citizen", "work" if self.work else "citizen", f"m{next(_IDS)}", self.who,
            self.county.clock.now, **{"kind": kind, "text": text, **message},
        )  # fmt: skip
        with self.county.work() as uow:
            address, conversation = self.county.chat_of(uow, self.who, inbound.account)
            contact = uow.contacts.get(address.contact_id)
            assert contact is not None
            turn = Turn(uow, inbound, contact, address, conversation, self.county.understanding)
            for _ in range(photos):
                file = StoredFile(PartKind.PHOTO, "plain", uow.now, name=f"{next(_IDS)}.jpg", mime="image/jpeg")
                uow.files.add(file)
                turn.files.append(file)
            (work if self.work else citizen).respond(turn)
            conversation.updated_at = uow.now
        self.heard = turn.replies
        self.buttons.update({label: token for say in self.heard for label, token in say.buttons})
        return [say.key for say in self.heard]

    def arrive(self, code: str = "") -> list[str]:
        return self.say(kind="start", code=code)

    def press(self, label: str) -> list[str]:
        """Press the newest button with this label: of a reply, else of a push."""
        return self.say(kind="button", button=self.buttons.get(label) or self.pushed(label))

    def pushed(self, label: str, number: str | None = None) -> str:
        with self.county.work() as uow:
            numbers = [number] if number else [case.number for case in uow.cases.list(station_ids=None, limit=100)]
            sealed = [] if number else [case.number for case in uow.cases.sealed()]
            found = [
                (notice.id, token)
                for each in (*numbers, *sealed)
                if (case := uow.cases.by_number(each)) is not None
                for notice in uow.notices.of_case(case.id, list(NoticeState))
                if self.county.names[notice.contact_id] == self.who
                for name, token in notice.buttons
                if name == label
            ]
        assert found, f"{self.who} has no button {label}"
        return max(found)[1]

    def last(self, key: str) -> Say:
        """The last reply with this key."""
        return next(say for say in reversed(self.heard) if say.key == key)

    def card(self, number: str) -> str:
        """Let a push about a case have been sent; returns the platform's id of it, to reply to."""
        with self.county.work() as uow:
            case = uow.cases.by_number(number)
            assert case is not None
            notice = next(
                n
                for n in reversed(uow.notices.of_case(case.id, list(NoticeState)))
                if self.county.names[n.contact_id] == self.who
            )
            address, _ = self.county.chat_of(uow, self.who, "desk" if self.work else "citizen")
            notice.state, notice.external_id, notice.address_id = NoticeState.SENT, f"p{notice.id}", address.id
            return notice.external_id

    @property
    def cases(self) -> list[Case]:
        """The cases that this citizen told of, newest first."""
        with self.county.work() as uow:
            address, _ = self.county.chat_of(uow, self.who)
            return list(uow.cases.of_reporter(address.contact_id))

    def texts(self, case: Case | None = None) -> list[str | None]:
        """What this citizen wrote, of a case or of the draft that is open."""
        with self.county.work() as uow:
            address, _ = self.county.chat_of(uow, self.who)
            found = [s for s in uow.submissions.of_contact(address.contact_id) if s.case_id == (case and case.id)]
            return [part.text for s in found if s.withdrawn_at is None for part in uow.submissions.parts(s.id)]
