"""How a member gets a desk in the browser: an invitation, or a code that joins it to a chat that they have, is shown
first and taken by a button."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.channels.webchat_api import ChatApi, new_slot
from bot.channels.webchat_wire import Refusal, check_origin
from bot.limiter import Limiter, client_key
from bot.pages.site import chat_page, page, sorry, words_of
from routing import linking
from routing.invitations import offered
from routing.people import Member, Role
from routing.ports import Reader, UnitOfWork

_WRONG_PER_HOUR = 10


def sorry_page(request: Request, refusal: Refusal) -> Response:
    """A refusal as a page instead of JSON."""
    if refusal.key == "join.gone":
        return sorry(request, "join.gone_text", refusal.status, title_key="join.gone_title")
    if refusal.status == 401:
        return sorry(request, "desk.closed_text", 401, title_key="desk.closed_title")
    response = sorry(request, refusal.key, refusal.status)
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(int(refusal.retry_after) + 1)
    return response


class Join:
    """The pages `/join/{secret}` and `/desk/{slot}`."""

    def __init__(self, api: ChatApi, reader: Reader) -> None:
        self._api = api
        self._reader = reader
        self._wrong = Limiter(_WRONG_PER_HOUR, 3600)

    async def _offer(self, request: Request) -> tuple[Member, str, bool]:
        """The member whose role is offered, where they serve, and whether a code of theirs joins chats.
        Raises `Refusal` for one that is no (longer) good; unknown, used and run out are told alike."""
        secret = request.path_params["secret"]
        wait = self._wrong.exhausted(client_key(request))
        if wait is not None:
            raise Refusal(429, "error.too_many", retry_after=wait)

        def find(uow: UnitOfWork) -> tuple[Member, str, bool] | None:
            invited = offered(uow, secret)
            member = invited or linking.offered(uow, secret)
            if member is None:
                return None
            if member.role is Role.OFFICER:
                department = uow.directory.departments.get(member.department or "")
                return member, department.name if department else "", invited is None
            station = uow.directory.stations.get(member.station_id) if member.station_id is not None else None
            return member, station.name if station else "", invited is None

        found = await self._reader.run(find)
        if found is None:
            self._wrong.hit(client_key(request))
            raise Refusal(410, "join.gone")
        return found

    async def show(self, request: Request) -> Response:
        """What is offered. A program that previews links gets this far and takes nothing."""
        member, place, linked = await self._offer(request)
        words = words_of(request)
        return page(
            request,
            "join.html",
            title=words.say("join.link_title" if linked else "join.title"),
            linked=linked,
            role=words.say(f"join.role_{member.role.value}"),
            who=words.say("join.link_for" if linked else "join.for", name=member.name),
            where=words.say("join.where", place=place) if place else "",
            can=words.say(f"join.can_{member.role.value}"),
        )

    async def take(self, request: Request) -> Response:
        """Take the invitation: a session with a desk of its own, so that several fit into one browser."""
        check_origin(request, self._api.public_url)
        await self._offer(request)
        base = f"/desk/{new_slot()}"
        answer = RedirectResponse(base, status_code=303)
        return await self._api.begin(request, f"join_{request.path_params['secret']}", "", base, answer)

    async def desk(self, request: Request) -> Response:
        """The chat page of a session."""
        await self._api.require(request)
        return chat_page(request, base=self._api.base(request), desk=True)
