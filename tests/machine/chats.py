"""The chats of the model: what a citizen's or a member's message does, and which replies it gets."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.machine.cast import CITIZENS, STAFF
from tests.machine.matters import OPEN, REFUSED, Case, Chat, No, Submission
from tests.machine.model import Model

#: How long what follows a report of corruption belongs to it, and how long a button works.
SEALED_GOES_ON = timedelta(minutes=30)
BUTTON_WORKS = timedelta(days=30)


@dataclass(frozen=True)
class Said:
    """One thing that somebody does. `case` is what it is about; `offered` when the pressed button was made."""

    who: str
    what: str
    text: str = ""
    case: Case | None = None
    offered: datetime | None = None


class Chats:
    """Lets things be said to a model."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def take(self, said: Said, now: datetime) -> None:
        """What a message does to the model, the replies to it included."""
        citizen = said.who in CITIZENS
        try:
            if said.offered is not None and now >= said.offered + BUTTON_WORKS:
                raise No
            replies = self._citizen(said, now) if citizen else [self._member(said, now)]
        except No:
            replies = [REFUSED]
        for kind in replies:
            about = self.model.chat(said.who).about if kind.startswith("receipt.") else None
            self.model.tell(said.who, kind, about)
        if citizen:
            self.model.chat(said.who).touched = now

    def _member(self, said: Said, now: datetime) -> str:
        if said.what == "list_sealed":
            return (
                "sealed.list"
                if any(case.state in ("sealed", "transferred") for case in self.model.cases)
                else "sealed.none"
            )
        case = said.case
        if case is None or not self.model.sees(said.who, case):
            raise No
        if said.what == "look":
            return "staff.case"
        step: Callable[..., str] = getattr(self.model, said.what)
        return step(said.who, case, now, said.text) if said.text else step(said.who, case, now)

    def _citizen(self, said: Said, now: datetime) -> list[str]:
        chat = self.model.chat(said.who)
        do: Callable[[Chat, Said, datetime], list[str]] = getattr(self, f"_{said.what}")
        return do(chat, said, now)

    # ── what a citizen does ─────────────────────────────────────────────────────────────────────────────────────

    def _arrive(self, chat: Chat, said: Said, now: datetime) -> list[str]:
        """`text` is the deputy whose code it is, "" for the station's."""
        notice = [] if chat.arrived else ["privacy.notice"]
        chat.arrived, chat.deputy = True, said.text or None
        return ["greeting.deputy" if said.text else "greeting.station", *notice]

    def _leave(self, chat: Chat, said: Said, now: datetime) -> list[str]:
        return []

    def _say(self, chat: Chat, said: Said, now: datetime) -> list[str]:
        about = chat.about
        if chat.state == "adding" and about is not None and (about.state in OPEN or about.sealed):
            return self._add(chat, about, said.text, now)
        if chat.state == "sealed" and self._sealed_goes_on(chat, now):
            assert about is not None
            return self._add(chat, about, said.text, now)
        if chat.state == "reason" and about is not None and about.state in OPEN:
            chat.state = "idle"
            self.model.tell(STAFF, "line.rating_reason", about)
            self.model.add(about, said.text, now)
            return ["rating.reason_noted"]
        if chat.state in ("adding", "sealed", "reason"):
            chat.state = "idle"
        if chat.asked is not None and chat.asked.question and chat.draft is None:
            asked, chat.asked = chat.asked, None
            return self._add(chat, asked, said.text, now)
        self._gather(chat, said.text, now)
        assert chat.draft is not None
        chat.state = "collecting"
        return ["collect.first" if len(chat.draft.texts) == 1 else "collect.more"]

    def _add(self, chat: Chat, case: Case, text: str, now: datetime) -> list[str]:
        answers = case.state == "needs_info"
        self.model.add(case, text, now)
        if answers:
            chat.state = "idle"
            return ["add.answered"]
        return ["add.done_sealed" if case.sealed else "add.done"]

    def _gather(self, chat: Chat, text: str, now: datetime) -> Submission:
        if chat.draft is None:
            chat.draft = Submission(chat.who, chat.deputy)
            self.model.submissions.append(chat.draft)
        self.model.say_more(chat.draft, text, now)
        return chat.draft

    def _sealed_goes_on(self, chat: Chat, now: datetime) -> bool:
        fresh = chat.touched is not None and now - chat.touched <= SEALED_GOES_ON
        return chat.about is not None and chat.about.sealed and fresh

    def _accuse(self, chat: Chat, said: Said, now: datetime) -> list[str]:
        if chat.state == "sealed" and self._sealed_goes_on(chat, now):
            assert chat.about is not None
            return self._add(chat, chat.about, said.text, now)
        draft = self._gather(chat, said.text, now)
        chat.about = self.model.submit(draft, now, sealed=True)
        chat.draft, chat.state = None, "sealed"
        return ["receipt.sealed"]

    def _submit(self, chat: Chat, said: Said, now: datetime) -> list[str]:
        if chat.draft is None:
            raise No
        chat.about = self.model.submit(chat.draft, now)
        chat.draft, chat.state = None, "idle"
        return ["receipt.sure"]

    def _discard(self, chat: Chat, said: Said, now: datetime) -> list[str]:
        """Only said where there is a draft; where it was sent in meanwhile, the one case there is would be meant."""
        if chat.draft is None:
            raise No
        chat.draft.withdrawn = True
        chat.draft.texts.clear()
        self.model.drop(chat.draft)
        chat.draft, chat.about, chat.state = None, None, "idle"
        return ["citizen.draft_discarded"]

    def _withdraw_ask(self, chat: Chat, said: Said, now: datetime) -> list[str]:
        if said.case is None or said.case.state not in OPEN:
            raise No
        return ["withdraw.sure"]

    def _withdraw(self, chat: Chat, said: Said, now: datetime) -> list[str]:
        assert said.case is not None
        self.model.withdraw(said.case)
        chat.state, chat.about = "idle", None
        return ["withdraw.done"]

    def _begin_adding(self, chat: Chat, said: Said, now: datetime) -> list[str]:
        if said.case is None or not (said.case.state in OPEN or said.case.sealed):
            raise No
        chat.state, chat.about = "adding", said.case
        return ["add.begin"]

    def _rate(self, chat: Chat, said: Said, now: datetime) -> list[str]:
        case = said.case
        if case is None or case.state != "answered":
            raise No
        self.model.rate(case, now, said.text)
        if said.text != "dissatisfied":
            return ["rating.thanks"]
        chat.state, chat.about = "reason", case
        return ["rating.why"]

    def _reason(self, chat: Chat, said: Said, now: datetime) -> list[str]:
        if said.case is None or said.case.state != "review":
            raise No
        self.model.tell(STAFF, "line.rating_reason", said.case)
        chat.state, chat.about = "idle", None
        return ["rating.reason_noted"]

    def _look_back(self, chat: Chat, said: Said, now: datetime) -> list[str]:
        if said.case is None or said.case.state != "closed":
            raise No
        if said.text == "good":
            return ["look_back.thanks"]
        self.model.rate(said.case, now, "dissatisfied")
        chat.state, chat.about = "reason", said.case
        return ["look_back.sorry"]

    def _progress(self, chat: Chat, said: Said, now: datetime) -> list[str]:
        assert said.case is not None
        if said.case.sealed:
            return ["progress.sealed"]
        held = said.case.state in OPEN and said.case.state != "answered"
        return ["progress.case" if held else "progress.over"]
