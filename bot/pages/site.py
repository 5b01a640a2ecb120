"""A whole page around a template: language, head, header, footer; and the page that says sorry."""

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse

from bot.pages import language
from bot.pages.assets import asset_url
from bot.pages.template import render
from bot.pages.words import Words, words_for

_NAMES = {"zh_CN": "简", "zh_TW": "繁", "en": "EN"}
_YEAR = 365 * 24 * 3600


def words_of(request: Request) -> Words:
    """The wording in the language of a request."""
    return words_for(language.of_request(request))


def _switches(request: Request, current: str) -> list[dict[str, Any]]:
    code = request.query_params.get("code")
    rest = {"code": code[:40]} if code else {}
    return [
        {
            "href": "?" + urlencode({"lang": name, **rest}),
            "tag": language.HTML_TAGS[name],
            "label": label,
            "current": name == current,
        }
        for name, label in _NAMES.items()
    ]


def _answer(request: Request, content: str, status: int) -> HTMLResponse:
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Language"}
    response = HTMLResponse(content, status_code=status, headers=headers)
    asked = request.query_params.get("lang")
    if asked in language.LANGUAGES:
        response.set_cookie(language.COOKIE, asked, max_age=_YEAR, path="/", samesite="lax", httponly=True)
    return response


def page(request: Request, template: str, /, *, title: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The template, which extends `base.html`. `title` is already worded."""
    words = words_of(request)
    content = render(
        template,
        words,
        tag=language.HTML_TAGS[words.language],
        title=title,
        css=asset_url("app.css"),
        icon=asset_url("icon.svg"),
        languages=_switches(request, words.language),
        **values,
    )
    return _answer(request, content, status)


def sorry(
    request: Request, text_key: str, status: int, *, title_key: str = "error.title", reference: str = ""
) -> HTMLResponse:
    """A page that says what went wrong and leads on. `reference` is the id of a log line, if there is one."""
    words = words_of(request)
    title = words.say(title_key)
    return page(
        request,
        "sorry.html",
        title=title,
        status=status,
        headline=title,
        text=words.say(text_key),
        reference=words.say("error.reference", reference=reference) if reference else "",
    )


def chat_page(request: Request, *, base: str, desk: bool, code: str = "") -> HTMLResponse:
    """The chat over the JSON under `base` ("/chat" or "/desk/<slot>"). `code` is what it opens with."""
    words = words_of(request)
    # The dialogs know the Chinese commands in every language, so that is what a button says for the person.
    commands = [f"chat.quick_{name}" for name in (("list", "help") if desk else ("progress", "person", "help"))]
    content = render(
        "chat.html",
        words,
        tag=language.HTML_TAGS[words.language],
        title=words.say("desk.title" if desk else "chat.title") + " · " + words.say("page.brand"),
        heading=words.say("desk.title" if desk else "page.brand"),
        subtitle=words.say("chat.desk_subtitle" if desk else "chat.subtitle"),
        css=asset_url("app.css"),
        js=asset_url("chat.js"),
        icon=asset_url("icon.svg"),
        base=base,
        code=code,
        desk=desk,
        quick=[{"say": words_for("zh_CN").say(key), "label": words.say(key)} for key in commands],
        sentences=words.under("script."),
    )
    return _answer(request, content, 200)
