"""What the desk ought to do, written a second time: small, in memory, knowing nothing of the program's own tables.

A case moves by `LEGAL`; what else a step does stands in the method of its name, which returns the reply. A step that is
not allowed raises `No`. What falls due is in `tests.machine.agenda`, what is said in chats in `tests.machine.chats`.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from routing.deadlines import Unit
from tests.machine.cast import HEARS_FOR, INTEGRITY, OFFICERS, STAFF, department_of, later, minutes
from tests.machine.matters import LEGAL, OPEN, Case, Chat, FollowUp, No, Submission


class Model:
    """`told` counts (person, kind, case's number or ""), exactly as often as the outbox must hold it."""

    def __init__(self) -> None:
        self.chats: dict[str, Chat] = {}
        self.submissions: list[Submission] = []
        self.cases: list[Case] = []
        self.follow_ups: list[FollowUp] = []
        self._told: list[tuple[str, str, Case | None]] = []

    @property
    def told(self) -> Counter[tuple[str, str, str]]:
        return Counter((who, kind, case.number if case else "") for who, kind, case in self._told)

    def chat(self, who: str) -> Chat:
        return self.chats.setdefault(who, Chat(who))

    # ── telling ─────────────────────────────────────────────────────────────────────────────────────────────────

    def tell(self, people: str | Iterable[str], kind: str, case: Case | None = None) -> None:
        for who in (people,) if isinstance(people, str) else people:
            self._told.append((who, kind, case))

    def tell_reporter(self, case: Case, kind: str, now: datetime) -> None:
        self.tell(case.who, kind, case)
        case.news_at = now

    def tell_deputy(self, case: Case, kind: str) -> None:
        if case.deputy is not None:
            self.tell(case.deputy, kind, case)

    def watchers(self, case: Case) -> list[str]:
        if case.sealed:
            return [INTEGRITY]
        at_work = [code for code, state in case.departments if state in ("proposed", "confirmed")]
        officers = [name for code in dict.fromkeys(at_work) for name in OFFICERS[code]]
        return [*STAFF, *([case.deputy] if case.deputy else []), *officers]

    # ── what is to be followed up ───────────────────────────────────────────────────────────────────────────────

    def later(
        self, kind: str, about: Case | Submission, now: datetime, amount: int, unit: Unit, times: int = 0
    ) -> None:
        self.follow_ups.append(FollowUp(kind, later(now, amount, unit), now, about, times))

    def drop(self, about: Case | Submission, *kinds: str) -> None:
        """Nothing of these kinds (of any, without kinds) is to be followed up any more."""
        self.follow_ups = [f for f in self.follow_ups if f.about is not about or (kinds and f.kind not in kinds)]

    def waiting(self, case: Case, kind: str) -> list[FollowUp]:
        return [f for f in self.follow_ups if f.about is case and f.kind == kind]

    # ── a case and its steps ────────────────────────────────────────────────────────────────────────────────────

    def move(self, case: Case, step: str) -> None:
        states, target = LEGAL[step]
        if case.state not in states:
            raise No
        case.state = target or case.came_from

    def sees(self, who: str, case: Case) -> bool:
        """Whether a member may act on a case at all."""
        if case.sealed or who == INTEGRITY:
            return case.sealed and who == INTEGRITY
        if who in STAFF:
            return True
        if who in HEARS_FOR:
            return case.deputy == who
        held = [state for code, state in case.departments if code == department_of(who)]
        return case.state != "withdrawn" and any(state in ("proposed", "confirmed", "done") for state in held)

    def submit(self, draft: Submission, now: datetime, *, sealed: bool = False) -> Case:
        case = Case(draft.who, draft, draft.deputy, now)
        self.cases.append(case)
        draft.case = case
        self.drop(draft)
        if sealed:
            self._seal(case, now)
            return case
        if case.deputy:
            self.later("deputy_silent", case, now, 24, Unit.HOUR)
            self.tell(case.deputy, "card.deputy", case)
        self.later("staff_silent", case, now, 0, Unit.SAME_DAY)
        self.later("no_news", case, now, 3, Unit.WORKDAY)
        self.tell(STAFF, "card.staff", case)
        return case

    def _seal(self, case: Case, now: datetime) -> None:
        self.move(case, "seal")
        case.deputy = case.department = None
        self.drop(case)
        self.later("integrity_due", case, now, 5, Unit.WORKDAY)
        self.tell(INTEGRITY, "card.integrity", case)

    def seal(self, who: str, case: Case, now: datetime) -> str:
        self._seal(case, now)
        return "staff.sealed"

    def accept(self, who: str, case: Case, now: datetime) -> str:
        self.move(case, "accept")
        self.drop(case, "staff_silent")
        self.later("staff_silent", case, now, 0, Unit.SAME_DAY)
        self.tell_reporter(case, "case.accepted", now)
        return "staff.accepted"

    def decline(self, who: str, case: Case, now: datetime) -> str:
        self.move(case, "decline")
        self.drop(case)
        self.tell_reporter(case, "case.declined", now)
        self.tell_deputy(case, "line.declined")
        return "staff.declined"

    def hear(self, who: str, case: Case, now: datetime) -> str:
        if case.heard_by == who:
            return "deputy.heard_before"
        if case.state not in OPEN:
            raise No
        if case.state == "received":
            case.state = "accepted"
        case.heard_by = who
        self.drop(case, "deputy_silent")
        self.tell_reporter(case, "case.heard", now)
        self.tell(STAFF, "line.heard", case)
        return "deputy.heard"

    def assign(self, who: str, case: Case, now: datetime, department: str) -> str:
        if case.state == "received":
            self.accept(who, case, now)
        self.move(case, "assign")
        self.drop(case, "staff_silent", "confirm_due", "answer_due")
        for former in case.departments:
            if former[1] in ("proposed", "confirmed"):
                former[1] = "superseded"
        case.departments.append([department, "proposed"])
        case.department = department
        self.later("confirm_due", case, now, 1, Unit.WORKDAY)
        self.tell(OFFICERS[department], "card.officer_final" if case.returns >= 2 else "card.officer", case)
        self.tell_reporter(case, "case.proposed", now)
        self.tell_deputy(case, "line.assigned")
        return "staff.assigned"

    def confirm(self, who: str, case: Case, now: datetime) -> str:
        self._lead_only(who, case)
        self.move(case, "confirm")
        self.drop(case, "confirm_due")
        case.departments[-1][1] = "confirmed"
        self.later("answer_due", case, now, 3, Unit.WORKDAY)
        self.tell_reporter(case, "case.assigned", now)
        self.tell([name for name in self.watchers(case) if name != who], "line.confirmed", case)
        return "officer.confirmed"

    def _lead_only(self, who: str, case: Case) -> None:
        if who not in STAFF and department_of(who) != case.department:
            raise No

    def send_back(self, who: str, case: Case, now: datetime) -> str:
        if case.returns >= 2:
            raise No
        self._lead_only(who, case)
        self.move(case, "return")
        case.departments[-1][1] = "returned"
        case.department = None
        case.returns += 1
        self.drop(case, "confirm_due")
        self.later("staff_silent", case, now, 0, Unit.SAME_DAY)
        self.tell(STAFF, "card.returned", case)
        return "officer.returned"

    def ask(self, who: str, case: Case, now: datetime) -> str:
        if who in HEARS_FOR and case.heard_by is None and case.state in ("received", "accepted", "assigned"):
            self.hear(who, case, now)
        came_from = case.state
        self.move(case, "ask")
        case.came_from, case.question = came_from, True
        self.later("info_expires", case, now, 5, Unit.DAY)
        for stopped in self.waiting(case, "answer_due"):
            stopped.at += timedelta(days=5)
        self.chat(case.who).asked = case
        self.tell_reporter(case, "case.asked", now)
        return "work.asked"

    def answer(self, who: str, case: Case, now: datetime) -> str:
        self._lead_only(who, case)
        self.move(case, "answer")
        self.drop(case)
        for each in case.departments:
            if each[1] == "confirmed":
                each[1] = "done"
        self.later("rating_reminder", case, now, 3, Unit.WORKDAY)
        self.tell_reporter(case, "case.answered", now)
        self.tell([name for name in self.watchers(case) if name != who], "line.answered", case)
        return "officer.answered"

    def close(self, who: str, case: Case, now: datetime) -> str:
        if case.state != "review":
            self.answer(who, case, now)
            return "staff.closed"
        self.move(case, "uphold")
        self.drop(case)
        self.tell_reporter(case, "case.upheld", now)
        self.tell_deputy(case, "line.upheld")
        return "staff.closed"

    def redo(self, who: str, case: Case, now: datetime) -> str:
        if case.department is None:
            raise No
        self.move(case, "redo")
        self.drop(case)
        case.departments.append([case.department, "confirmed"])
        self.later("answer_due", case, now, 3, Unit.WORKDAY)
        self.later("no_news", case, now, 3, Unit.WORKDAY)
        self.tell(OFFICERS[case.department], "card.redo", case)
        self.tell_reporter(case, "case.redo", now)
        self.tell_deputy(case, "line.redo")
        return "staff.redo"

    def urge(self, who: str, case: Case, now: datetime) -> str:
        if case.state not in ("proposed", "assigned") or case.department is None:
            raise No
        kind = "card.confirm_due" if case.state == "proposed" else "card.answer_due"
        self.tell(OFFICERS[case.department], kind, case)
        return "staff.urged"

    def message(self, who: str, case: Case, now: datetime) -> str:
        if case.submission.withdrawn:
            raise No
        self.tell_reporter(case, "case.message", now)
        return "staff.sent"

    def transfer(self, who: str, case: Case, now: datetime) -> str:
        self.move(case, "transfer")
        case.submission.texts.clear()
        self.drop(case)
        self.tell_reporter(case, "case.transferred", now)
        return "sealed.transferred"

    # ── what the citizen decides ────────────────────────────────────────────────────────────────────────────────

    def rate(self, case: Case, now: datetime, rating: str) -> None:
        if rating == "dissatisfied":
            self.move(case, "object")
            self.drop(case)
            self.later("staff_silent", case, now, 2, Unit.WORKDAY)
            self.later("no_news", case, now, 3, Unit.WORKDAY)
            self.tell(STAFF, "card.review", case)
            return
        self.move(case, "rate")
        self.drop(case)
        self.later("look_back", case, now, 30, Unit.DAY)
        self.tell([*STAFF, *([case.deputy] if case.deputy else [])], "line.rated", case)
        self.tell(OFFICERS[case.department] if case.department else (), "line.rated", case)

    def withdraw(self, case: Case) -> None:
        told = self.watchers(case)
        self.move(case, "withdraw")
        case.submission.withdrawn = True
        case.question = False
        self.drop(case)
        self.tell(told, "line.withdrawn", case)

    def add(self, case: Case, text: str, now: datetime) -> None:
        if case.state not in OPEN and not case.sealed:
            raise No
        case.submission.texts.append(text)
        if case.state == "needs_info":
            self.move(case, "inform")
            self.go_on(case, now)
        kind = "card.integrity" if case.sealed else "card.supplemented"
        self.tell(self.watchers(case), kind, case)

    def go_on(self, case: Case, now: datetime) -> None:
        """The question is over: what the citizen did not use of the time to answer is taken back."""
        case.question = False
        for over in self.waiting(case, "info_expires"):
            for answer in self.waiting(case, "answer_due"):
                answer.at += now - over.at
        self.drop(case, "info_expires")

    def say_more(self, draft: Submission, text: str, now: datetime) -> None:
        """Another message of a draft, which now lies quiet from here."""
        draft.texts.append(text)
        self.drop(draft)
        self.follow_ups.append(FollowUp("submit_draft", now + minutes(10), now, draft))
