"""Which of the three languages a request is answered in."""

from starlette.requests import HTTPConnection

LANGUAGES = ("zh_CN", "zh_TW", "en")
DEFAULT = "zh_CN"
COOKIE = "mashang_lang"

#: BCP 47 tags for the `lang` attribute, and the hint that is handed on with a message.
HTML_TAGS = {"zh_CN": "zh-CN", "zh_TW": "zh-TW", "en": "en"}
HINTS = {"zh_CN": "zh-hans", "zh_TW": "zh-hant", "en": "en"}

_TRADITIONAL = ("zh-tw", "zh-hk", "zh-mo", "zh-hant")


def of_header(accept_language: str) -> str | None:
    """The best of our languages in an Accept-Language header; None when it names none of them."""
    wanted: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept_language.split(",")[:20]):
        tag, _, parameters = part.strip().partition(";")
        quality = 1.0
        if parameters.strip().startswith("q="):
            try:
                quality = float(parameters.strip()[2:])
            except ValueError:
                continue
        wanted.append((-quality, position, tag.strip().lower()))
    for quality, _, tag in sorted(wanted):
        if quality == 0:
            continue
        if tag.startswith(_TRADITIONAL):
            return "zh_TW"
        if tag == "zh" or tag.startswith("zh-"):
            return "zh_CN"
        if tag == "en" or tag.startswith("en-"):
            return "en"
    return None


def chosen(request: HTTPConnection) -> str | None:
    """What the person chose on a page: by `?lang=`, now or before."""
    for value in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if value in LANGUAGES:
            return value
    return None


def of_request(request: HTTPConnection) -> str:
    """The person's choice, else what their browser prefers, else simplified Chinese."""
    return chosen(request) or of_header(request.headers.get("accept-language", "")) or DEFAULT
