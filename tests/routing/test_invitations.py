"""The only way to a role: once, within a quarter of an hour, by a secret of which only a hash is kept."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.code import ALPHABET
from routing.errors import Refused
from routing.invitations import LENGTH, Issued, accept_invitation, fold_secret, invite, offered
from routing.people import Role
from tests.conftest import Clock
from tests.routing.county import STAFF, County


def issue(county: County, name: str = STAFF) -> Issued:
    with county.work() as uow:
        return invite(uow, county.member(name))


def accept(county: County, typed: str, who: str = "新来的") -> None:
    with county.work() as uow:
        accept_invitation(uow, county.contact(uow, who), typed)


def offer(county: County, typed: str) -> str | None:
    with county.work() as uow:
        member = offered(uow, typed)
        return member.name if member else None


def roles(county: County, who: str = "新来的") -> list[Role]:
    with county.work() as uow:
        return [member.role for member in uow.directory.members_of(county.contact(uow, who).id)]


def refused(county: County, typed: str) -> bool:
    with pytest.raises(Refused) as told:
        accept(county, typed)
    assert (told.value.key, told.value.params) == ("join.invalid", {}), "why is told to nobody"
    return offer(county, typed) is None and roles(county) == []


@pytest.mark.parametrize("form", ["{shown}", "{secret}", "join_{secret}", "JOIN_{lower}", " {lower} ", "{spaced}"])
def test_it_gives_the_role(county: County, form: str) -> None:
    issued = issue(county)
    spaced = issued.shown.replace("-", " ").replace("0", "o").replace("1", "i")
    typed = form.format(shown=issued.shown, secret=issued.secret, lower=issued.secret.lower(), spaced=spaced)
    assert offer(county, typed) == STAFF
    accept(county, typed)
    assert roles(county) == [Role.STAFF]


def test_it_works_once(county: County) -> None:
    issued = issue(county)
    accept(county, issued.secret, "先到的")
    assert refused(county, issued.secret)
    assert roles(county, "先到的") == [Role.STAFF]


def test_looking_at_it_uses_nothing_up(county: County) -> None:
    issued = issue(county)
    assert offer(county, issued.secret) == offer(county, issued.secret) == STAFF
    accept(county, issued.secret)


def test_it_is_good_for_a_quarter_of_an_hour(county: County, clock: Clock) -> None:
    issued = issue(county)
    assert issued.expires_at == clock.now.replace(minute=clock.now.minute + 15)
    clock.move(minutes=15)
    assert refused(county, issued.secret)


def test_it_is_good_until_the_last_moment(county: County, clock: Clock) -> None:
    issued = issue(county)
    clock.move(minutes=15, milliseconds=-1)
    accept(county, issued.secret)
    assert roles(county) == [Role.STAFF]


def test_it_gives_nothing_once_the_role_was_taken_away(county: County) -> None:
    issued = issue(county)
    with county.work() as uow:
        member = uow.members.get(county.member(STAFF).id)
        assert member is not None
        member.active = False
    assert refused(county, issued.secret)


def test_a_new_one_moves_the_role_to_who_holds_it(county: County) -> None:
    """A lost phone: whoever had the role before has it no longer."""
    accept(county, issue(county).secret)
    assert roles(county) == [Role.STAFF]
    assert roles(county, STAFF) == []


@pytest.mark.parametrize("typed", ["", "join_", "AAAA-AAAA-AAAA", "路灯不亮", "x" * 61, "join_" * 20])
def test_a_guess_gives_nothing(county: County, typed: str) -> None:
    issue(county)
    assert refused(county, typed)


def test_only_a_hash_is_kept(county: County, sqlite_url: str) -> None:
    issued = issue(county)
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as database:
        dump = "\n".join(database.iterdump())
    database.close()
    assert "invitations" in dump
    assert issued.secret not in dump
    assert issued.shown not in dump


def test_a_secret_has_sixty_bits(county: County) -> None:
    """Guessing a million a second for the quarter of an hour hits one of a hundred open ones once in ten million."""
    assert len(ALPHABET) ** LENGTH == 2**60
    assert len({issue(county).secret for _ in range(20)}) == 20


@given(st.text(max_size=80))
def test_whatever_is_typed_is_a_secret_or_none(typed: str) -> None:
    folded = fold_secret(typed)
    assert folded is None or (len(folded) == LENGTH and set(folded) <= set(ALPHABET))
