"""In which app a page was opened, by what its browser says of itself (User-Agent).

WeChat    … MicroMessenger/8.0.49(…) …
WeCom     … wxwork/4.1.20 MicroMessenger/7.0.1 …    so it is looked for first
DingTalk  … AliApp(DingTalk/7.6.0) …, on a computer … dingtalk-win/…
"""

from typing import Literal

from starlette.requests import HTTPConnection

App = Literal["wechat", "wecom", "dingtalk"]

_MARKS: tuple[tuple[str, App], ...] = (
    ("wxwork", "wecom"), ("micromessenger", "wechat"), ("dingtalk", "dingtalk"),
)  # fmt: skip


def app_of(request: HTTPConnection) -> App | None:
    """None for an ordinary browser."""
    agent = request.headers.get("user-agent", "")[:1000].lower()
    return next((app for mark, app in _MARKS if mark in agent), None)
