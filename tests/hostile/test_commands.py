"""Members, and those who are none: every command with arguments that nobody should type, by its right role."""

from bot.dialogs.work import COMMANDS
from routing.people import Role
from routing.permissions import MATRIX
from tests.fakes.telegram_bot import FakeBot, Sent
from tests.fakes.telegram_updates import Json, Person
from tests.hostile import corpora
from tests.hostile.station import CANARY, PHONE, Station, clean_words, together

DECIDED = ("cases", "case_events", "assignments", "members", "invitations", "codes", "submissions")
ARGUMENTS = (
    "", " ", "\u3000", "\n", "\x00", "x", "城管", "cg", "zhzf", "局", "公司 会办 局 局 局 局 局", "城管 会办",
    "会办 会办 会办", "0", "-1", "9" * 400,
    "086", "000", "代表", "号", "086号代表", "我", "me", "全部", "all", "待受理", "RECEIVED", "计划 2月30日 修",
    "列入计划 0000-00-00 x", "计划 9999-99-99",
    "计划 2026-2-30", "计划 99.99", "已解决", "solved", "已解决 \x00", "建议", "不归我们管，建议",
    "不归我们管，建议城管", "，建议" * 300, "工作人员 陈静", "代表 086",
    "部门 城管 周敏", "部门", "officer", "staff admin", "{number}", "{0.__class__}", "%(x)s", "{", "\\",
    "'; DROP TABLE cases; --", "=1+1",
    "<script>alert(1)</script>", "\u202e", "\u200b", "👩‍👧‍👦" * 50, "路" * 3000, f"{CANARY} {PHONE}", "一" * 4000,
    "2029-99-99T99", "٣٣", "HB-000000-000 x",
)  # fmt: skip
ROLES = {Role.STAFF: "staff", Role.DEPUTY: "deputy", Role.OFFICER: "officer", Role.INTEGRITY: "integrity"}


async def _numbers(station: Station) -> list[str]:
    return [(await station.case(f"路灯不亮 {CANARY} {n}"))[1] for n in range(6)]


async def test_every_command_with_hostile_arguments(station: Station) -> None:
    members = {role: await station.member(name) for role, name in ROLES.items()}
    numbers = await _numbers(station)
    strings = [*ARGUMENTS, *corpora.naughty_strings()[::40]]
    commands = []
    for position, command in enumerate(COMMANDS):
        for role, member in members.items():
            if command.operation in MATRIX[role]:
                for at, argument in enumerate(strings):
                    name = command.names[(at + position) % len(command.names)]
                    number = numbers[(at * 7 + position) % len(numbers)]
                    slash = "/" if name.isascii() else ""
                    said = (
                        f"{slash}{name} {number} {argument}"
                        if command.needs_case and at % 4
                        else f"{slash}{name} {argument}"
                    )
                    commands.append((member, said))
    await station.heard("desk")

    async def give(given: tuple[Person, str]) -> None:
        member, said = given
        assert (await station.post_update(station.update(member.text(said)), "desk", said)).status == 200

    assert await together(give, commands) > 1000
    heard = await station.heard("desk")
    assert len(heard) > len(commands) // 2
    sent = "\n".join(said for _, said in commands)
    for said in [*heard, *await station.heard("citizen")]:
        clean_words(said, sent)


async def test_form_answers_with_hostile_text(station: Station) -> None:
    """What a button asked for is typed by a hostile hand."""
    staff = await station.member("staff")
    await _numbers(station)
    await station.settled()
    bot = station.bots["desk"]
    cards = [sent for sent in bot.sent_to(staff.id) if sent.buttons][-12:]
    strings = [*ARGUMENTS[::3], *corpora.naughty_strings()[::60]]
    position = 0
    for card in cards:
        for button in card.buttons:
            query = f"q{position}"
            await station.tell(staff.pressed(bot.describe(card), button["callback_data"], query), "desk")
            said = strings[position % len(strings)]
            position += 1
            assert (await station.post_update(station.update(staff.text(said)), "desk", said)).status == 200
    assert position > 20
    sent = "\n".join(strings)
    for said in await station.heard("desk"):
        clean_words(said, sent)


async def test_strangers_and_the_wrong_role_decide_nothing(station: Station) -> None:
    stranger = station.person()
    await station.tell(stranger.start(), "desk")
    members = {role: await station.member(name) for role, name in ROLES.items()}
    numbers = await _numbers(station)
    await station.settled()
    before = station.counts(*DECIDED)
    states = station.rows("SELECT number, state, department, event_count FROM cases ORDER BY id")
    tries = []
    for command in COMMANDS:
        wrong = [member for role, member in members.items() if command.operation not in MATRIX[role]]
        for name in command.names:
            said = f"{name} {numbers[0]} 城管 {CANARY}" if command.needs_case else f"{name} 部门 城管 周敏"
            tries += [(person, said) for person in (stranger, *wrong)]

    async def give(given: tuple[Person, str]) -> None:
        person, said = given
        await station.tell(person.text(said), "desk")

    await together(give, tries)
    staff = members[Role.STAFF]
    for content in (
        staff.edited(f"受理 {numbers[1]}"), staff.forwarded(f"办结 {numbers[1]} 好了"),
        staff.edited(f"/assign {numbers[1]} 城管"), stranger.forwarded(f"受理 {numbers[1]}"),
    ):  # fmt: skip
        await station.tell(content, "desk")
    # A group is no place for it, and the citizens' bot runs no command of the desk.
    group = type(staff)(staff.id, group=-100_123)
    await station.tell(group.text(f"/accept {numbers[1]}"), "desk")
    now = station.rows("SELECT number, state, department, event_count FROM cases ORDER BY id")
    assert now == states, station.rows(
        "SELECT kind, actor_role, actor_id, data FROM case_events ORDER BY id DESC LIMIT 4"
    )
    assert station.counts(*DECIDED) == before
    for said in await station.heard("desk"):
        clean_words(said, CANARY)


async def test_anothers_buttons_and_numbers_do_nothing(station: Station) -> None:
    owner, number = await station.case(f"路灯不亮 {CANARY} 归我")
    staff, deputy = await station.member("staff"), await station.member("deputy")
    stranger, citizen = station.person(), await station.arrived()
    await station.tell(stranger.start(), "desk")
    await station.settled()
    desk, public = station.bots["desk"], station.bots["citizen"]
    theirs = [(sent, b["callback_data"]) for sent in desk.sent_to(staff.id)[-3:] for b in sent.buttons]
    receipts = [(sent, b["callback_data"]) for sent in public.sent_to(owner.id) for b in sent.buttons]
    assert theirs
    assert receipts
    before = station.counts(*DECIDED)
    states = station.rows("SELECT number, state, department, event_count FROM cases ORDER BY id")
    await station.heard("citizen")

    def pressed(person: Person, bot: FakeBot, sent: Sent, token: str) -> Json:
        # Nobody can press in another's private chat: they have the token and a message of their own.
        return person.pressed({**bot.describe(sent), "chat": person.chat}, token, "q")

    for sent, token in (*theirs, *receipts):
        for person in (stranger, deputy):
            await station.tell(pressed(person, desk, sent, token), "desk")
        await station.tell(pressed(citizen, public, sent, token))
    # Nor the owner's own, where they are cut, lengthened or turned over.
    for sent, token in receipts:
        for changed in (token[:-1], token + "x", token.swapcase(), token[::-1], token * 4):
            await station.tell(pressed(owner, public, sent, changed))
    for said in (f"进度 {number}", f"补充 {number}", f"撤回 {number}", f"/progress {number}", f"进度 {number.lower()}"):
        await station.tell(citizen.text(said))
    now = station.rows("SELECT number, state, department, event_count FROM cases ORDER BY id")
    assert now == states, station.rows(
        "SELECT kind, actor_role, actor_id, data FROM case_events ORDER BY id DESC LIMIT 4"
    )
    assert station.counts(*DECIDED) == before
    assert not any("归我" in said for said in await station.heard("citizen")), "another's words were shown"


async def test_histories_are_whole_after_all_this(station: Station) -> None:
    broken = station.rows(
        "SELECT number FROM cases WHERE event_count != (SELECT count(*) FROM case_events WHERE case_id = cases.id)"
    )
    assert not broken
    assert station.rows("PRAGMA integrity_check") == [("ok",)]
    assert station.rows("PRAGMA foreign_key_check") == []
