"""The state machine: people do things in any order, processes die, time moves, and the program is held to the model.

Each rule is one thing that happens. After each the store is compared with the model; at the end everything must have
arrived.
"""

import asyncio
import itertools
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.message import Button, InboundMessage
from tests.conftest import Clock
from tests.machine import agenda, check
from tests.machine.beginning import Beginning
from tests.machine.cast import CITIZENS, DEPUTY, OFFICERS, TYPED
from tests.machine.chats import Chats, Said
from tests.machine.matters import OPEN, Case
from tests.machine.model import Model
from tests.machine.platform import Arrival, Platform
from tests.machine.process import DATABASE, Death, Process
from tests.machine.words import BEGUN, BUTTONS, COMMANDS, ONWARD, OWN

deaths = st.one_of(
    st.none(),
    st.builds(Death, st.sampled_from(["before commit", "after commit", "in mid-send"]), st.integers(1, 2)),
)
anything = st.integers(0, 10**6)


class DeskMachine(RuleBasedStateMachine):
    """`steps` counts what happened, over all runs."""

    def __init__(self, beginning: Beginning, steps: Counter[str]) -> None:
        super().__init__()
        self.beginning, self.steps = beginning, steps
        self.root = Path(tempfile.mkdtemp(prefix="machine-"))
        self.clock = Clock()
        self.platform = Platform(self.clock)
        self.model = Model()
        self.chats = Chats(self.model)
        self.runner = asyncio.Runner()
        self.lives = itertools.count(1)
        self.counter = itertools.count(1)
        #: What was said and not acknowledged, and what was: either may be delivered (again).
        self.waiting: list[tuple[Said, InboundMessage]] = []
        self.acknowledged: list[tuple[Said, InboundMessage]] = []
        #: By their ids: what the program acknowledged, and what it was seen to keep.
        self.confirmed: set[str] = set()
        self.taken: set[str] = set()
        folder = self.root / "0"
        folder.mkdir()
        shutil.copyfile(beginning.path, folder / DATABASE)
        self.runner.run(self._open(folder))

    async def _open(self, folder: Path) -> None:
        self.process = Process(folder, self.root / str(next(self.lives)), self.clock, self.platform)

    async def _next(self) -> None:
        """A process on what the dead one left; nobody remembers what that one only knew."""
        await self.process.close()
        await self._open(self.process.legacy)
        self.platform.restarted()
        unrecorded = check.pending(self.process.store)
        self.platform.excused.update({a.notice_id for a in self.platform.arrivals} & unrecorded)

    # ── one thing that happens ──────────────────────────────────────────────────────────────────────────────────

    def live(self, work: Awaitable[object], death: Death | None = None) -> None:
        """Let the process do something; where it died of it, start the next one on what it left."""

        async def go() -> None:
            if not await self.process.live(work):
                assert death is not None
                self.steps[f"dies {death.moment}"] += 1
                await self._next()

        self.process.death = death
        self.runner.run(go())
        self.process.death = None

    def say(self, said: Said, kind: str = "text", text: str = "", **more: Any) -> None:
        """Somebody does something in a chat; it waits at the platform to be delivered."""
        self.steps[said.what] += 1
        account = "citizen" if said.who in CITIZENS else "desk"
        audience: Any = "citizen" if account == "citizen" else "work"
        message = InboundMessage(
            "plain", account, audience, f"u{next(self.counter)}", said.who, self.clock.now, kind, text, **more  # type: ignore[arg-type]
        )  # fmt: skip
        if kind != "blocked":
            self.platform.writes(said.who)
        self.waiting.append((said, message))

    async def _receive(self, message: InboundMessage) -> None:
        """Take a message in, and send what comes of it, as the program does when it is woken."""
        await self.process.reception.receive(message)
        self.confirmed.add(message.external_id)
        await self.process.send_all()

    def deliver(self, which: int, death: Death | None) -> None:
        """The platform hands on something that waits: the oldest, or any other of its own choice."""
        said, message = self.waiting[which % len(self.waiting)]
        before = check.taken_in(self.process.store, message.external_id)
        self.live(self._receive(message), death)
        if check.taken_in(self.process.store, message.external_id) and not before:
            self.chats.take(said, self.clock.now)
            self.taken.add(message.external_id)
            self.platform.heard(said.who)
        self.store_is_as_the_model()
        if message.external_id in self.confirmed:
            assert message.external_id in self.taken, "it was acknowledged and not kept"
            self.waiting.remove((said, message))
            self.acknowledged.append((said, message))

    # ── rules ───────────────────────────────────────────────────────────────────────────────────────────────────

    @initialize(begun=st.tuples(*(st.sampled_from(BEGUN) for _ in CITIZENS)))
    def some_matters_are_under_way(self, begun: tuple[str, ...]) -> None:
        """Everybody has arrived, and some cases stand further on than one day brings them."""
        for who, deputy, steps in zip(CITIZENS, (DEPUTY, "", DEPUTY), begun, strict=True):
            self.scans(who, deputy)
            self.deliver(-1, None)
            if steps:
                self.tells(who, 1, submits=True, death=None)
            for step in steps.split()[1:]:
                self._work(self.model.cases[-1], step, 0)
                self.deliver(-1, None)

    @rule(who=st.sampled_from(CITIZENS), deputy=st.sampled_from([DEPUTY, ""]))
    def scans(self, who: str, deputy: str) -> None:
        self.say(Said(who, "arrive", deputy), "start", code=self.beginning.codes[deputy])

    @rule(who=st.sampled_from(CITIZENS), count=st.integers(1, 3), submits=st.booleans(), death=deaths)
    def tells(self, who: str, count: int, submits: bool, death: Death | None) -> None:
        """A matter in some messages, sent in at once or left to lie."""
        for _ in range(count):
            self._tells(who)
            self.deliver(-1, None if submits else death)
        if submits:
            self.say(Said(who, "submit"), text="提交")
            self.deliver(-1, death)

    def _tells(self, who: str) -> None:
        text = f"海珀路第{next(self.counter)}盏路灯不亮了"
        self.say(Said(who, "say", text), text=text)

    @rule(who=st.sampled_from(CITIZENS))
    def tells_and_it_waits(self, who: str) -> None:
        self._tells(who)

    @rule(who=st.sampled_from(CITIZENS), death=deaths)
    def accuses(self, who: str, death: Death | None) -> None:
        text = f"村主任收了我两万块红包，这是第{next(self.counter)}次"
        self.say(Said(who, "accuse", text), text=text)
        self.deliver(-1, death)

    @precondition(lambda self: self.model.cases or any(chat.draft for chat in self.model.chats.values()))
    @rule(which=anything, how=st.sampled_from(sorted(OWN)))
    def asks_of_their_own(self, which: int, how: str) -> None:
        """A citizen sends in or drops what they are telling, or asks about a case of theirs."""
        drafts = [chat.who for chat in self.model.chats.values() if chat.draft is not None]
        if how in ("submit", "discard"):
            if drafts:
                self.say(Said(drafts[which % len(drafts)], how), text=OWN[how])
                self.deliver(-1, None)
        elif self.model.cases:
            case = self._case(which)
            self.say(Said(case.who, how, case=case), text=OWN[how].format(case.number))
            self.deliver(-1, None)

    @precondition(lambda self: self.model.cases)
    @rule(steps=st.lists(st.tuples(anything, anything, anything), min_size=1, max_size=4), death=deaths)
    def works(self, steps: list[tuple[int, int, int]], death: Death | None) -> None:
        """Members do some steps: mostly such as bring a case on, at times any other. A death meets the last."""
        for at, (which, step, who) in enumerate(steps, start=1):
            case = self._case(which)
            fitting = ONWARD.get(case.state, ()) if step % 5 != 4 else ()
            possible = fitting or tuple(COMMANDS)
            self._work(case, possible[step // 5 % len(possible)], who)
            self.deliver(-1, death if at == len(steps) else None)

    def _work(self, case: Case, name: str, who: int) -> None:
        typed, people = COMMANDS[name]
        department = ""
        if name == "assign":
            department = ("zhzf", "zhujian")[who % 2]
            typed = typed.format("{}", TYPED[department])
        elif case.department and name in ("confirm", "send_back", "answer") and who % 3 < 2:
            people = OFFICERS[case.department]
        self.say(Said(people[who % len(people)], name, department, case), text=typed.format(case.number))

    @precondition(lambda self: self._shown())
    @rule(which=anything, death=deaths)
    def presses(self, which: int, death: Death | None) -> None:
        """A button that stands on somebody's screen, of whatever age."""
        shown = self._shown()
        self._press(*shown[-1 - which % len(shown)], death)

    @precondition(lambda self: any(case.state == "answered" for case in self.model.cases))
    @rule(which=anything, rating=st.sampled_from(["满意", "基本满意", "不满意", "不满意"]), death=deaths)
    def rates(self, which: int, rating: str, death: Death | None) -> None:
        answered = {case.number for case in self.model.cases if case.state == "answered"}
        shown = [
            (arrival, each)
            for arrival, each in self._shown()
            if each.label == rating and self._of(each).number in answered
        ]
        if shown:
            self._press(*shown[-1 - which % len(shown)], death)

    def _press(self, arrival: Arrival, pressed: Button, death: Death | None) -> None:
        what, text = BUTTONS[pressed.label]
        made = check.made(self.process.store, arrival.notice_id)
        self.say(Said(arrival.who, what, text, self._of(pressed), made), "button", button=pressed.data)
        self.deliver(-1, death)

    @precondition(lambda self: self.waiting)
    @rule(which=anything, death=deaths)
    def platform_delivers(self, which: int, death: Death | None) -> None:
        """What waits is delivered, in any order."""
        self.steps["reordered"] += which % len(self.waiting) != 0
        self.deliver(which, death)

    @precondition(lambda self: self.acknowledged)
    @rule(which=anything)
    def platform_delivers_again(self, which: int) -> None:
        """A repeat of something long acknowledged changes nothing."""
        self.steps["redelivered"] += 1
        _, message = self.acknowledged[which % len(self.acknowledged)]
        self.live(self._receive(message))

    @rule(trouble=st.lists(st.sampled_from(["reset", "rate", "answer lost", "none"]), min_size=1, max_size=4))
    def platform_has_trouble(self, trouble: list[str]) -> None:
        self.steps["trouble"] += 1
        self.platform.troubles = trouble

    @rule(who=st.sampled_from(CITIZENS), told=st.booleans())
    def blocks(self, who: str, told: bool) -> None:
        """Somebody closes the chat; the platform may tell the program, or only refuse its next send."""
        self.platform.blocks(who)
        if told:
            self.say(Said(who, "leave"), "blocked")
            self.deliver(-1, None)
        else:
            self.steps["leave"] += 1

    @precondition(lambda self: bool(check.pending(self.process.store)))
    @rule(death=deaths)
    def sends(self, death: Death | None) -> None:
        self.steps["send"] += 1
        self.live(self.process.send_all(), death)

    @rule(
        by=st.sampled_from([{"seconds": 8}, {"seconds": 61}, {"minutes": 5}, {"minutes": 11}, {"hours": 3}, {"days": 1},
                            {"days": 4}, {"days": 6}, {"days": 31}]),
        ticks=st.booleans(), death=deaths,
    )  # fmt: skip
    def time_passes(self, by: dict[str, int], ticks: bool, death: Death | None) -> None:
        """Without a tick the program was down meanwhile, and does it late."""
        self.clock.move(**by)
        self.steps["time"] += 1
        if ticks:
            self._tick(death)

    def _tick(self, death: Death | None) -> None:
        before = check.due(self.process.store, self.clock.now)
        self.live(self.process.follow_ups.run_due(), death)
        # A batch is whole or not at all: what died before its commit is still due.
        if not before or check.due(self.process.store, self.clock.now) < before:
            self.steps["follow-ups"] += agenda.tick(self.model, self.clock.now)

    @rule(alone=st.booleans())
    def is_killed_at_rest(self, alone: bool) -> None:
        """The next process ends the old leases where it is alone on the file; elsewhere they run out."""
        self.steps["killed at rest"] += 1
        self.process.die()
        self.runner.run(self._next())
        if alone:
            self.process.let_go()
        else:
            self.clock.move(seconds=61)

    # ── helpers ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _case(self, which: int) -> Case:
        """Mostly one that is open."""
        cases = self.model.cases
        some = [case for case in cases if case.state in OPEN] if which % 5 else cases
        return (some or cases)[which // 5 % len(some or cases)]

    def _of(self, pressed: Button) -> Case:
        number = check.button(self.process.store, pressed.data)
        return next(case for case in self.model.cases if case.number == number)

    def _shown(self) -> list[tuple[Arrival, Button]]:
        """Every button that stands on somebody's screen, as it came."""
        return [
            (arrival, button)
            for arrival in self.platform.arrivals
            for button in arrival.message.buttons
            if button.label in BUTTONS
        ]

    # ── what must hold ──────────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def store_is_as_the_model(self) -> None:
        check.same(self.process.store, self.model, self.taken)

    @invariant()
    def platform_was_kept_to(self) -> None:
        check.arrived(self.process.store, self.platform, self.model, self.clock.now)

    def teardown(self) -> None:
        try:
            self._end()
        finally:
            self.runner.run(self.process.close())
            self.runner.close()
            shutil.rmtree(self.root)

    def _end(self) -> None:
        """The platform recovers, everything waiting is delivered, and time goes on until nothing is unsent."""
        self.platform.troubles = []
        while self.waiting:
            self.deliver(0, None)
        for _ in range(20):
            self.live(self.process.send_all())
            if not check.pending(self.process.store):
                break
            self.clock.move(hours=1)
        self.store_is_as_the_model()
        self.platform_was_kept_to()
        check.finished(self.process.store, self.platform)
