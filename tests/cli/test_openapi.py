"""`bot/openapi.yaml` knows exactly the server's entrances. What they answer is tried by tests/hostile."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import yaml
from starlette.routing import Route

from bot import server
from cli.serve import web_app
from cli.settings import Settings
from cli.wiring import build_desk, open_store

DESCRIPTION = Path(server.__file__).with_name("openapi.yaml")
METHODS = {"get", "put", "post", "delete", "patch", "options", "trace", "head"}


async def test_the_description_knows_every_route_and_no_other(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path, secret_key="a-real-looking-key-of-more-than-32-characters", public_url="https://desk.example",
        telegram_citizen_token=f"1:{'a' * 35}", telegram_desk_token=f"2:{'b' * 35}", telegram_webhook_secret="hook",
        wechat_app_id="wx5f2e1c9a7b30d468", wechat_app_secret="0" * 32, wechat_token="0aToken", wechat_aes_key="k" * 43,
        wecom_corp_id="ww5f2e1c9a7b30d468", wecom_agent_id="1000002", wecom_secret="0" * 43, wecom_token="0aToken",
        wecom_aes_key="k" * 43,
    )  # fmt: skip
    store = open_store(settings)
    # Nothing is classified here.
    desk = build_desk(settings, store, cast(Any, SimpleNamespace(classifier=None)))
    there = {
        (method.lower(), route.path)
        for route in web_app(desk).routes
        if isinstance(route, Route)
        for method in route.methods or ()
    }
    await desk.http.close()
    await store.aclose()
    paths = yaml.safe_load(DESCRIPTION.read_text("utf-8"))["paths"]
    described = {(method, path) for path, item in paths.items() for method in item.keys() & METHODS}
    # Whatever can be got can be asked for without its body; that needs no telling.
    assert described == {(method, path) for method, path in there if method != "head"}
