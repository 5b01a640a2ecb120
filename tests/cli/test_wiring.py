"""How a desk starts."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cli.settings import Settings
from cli.wiring import Desk, build_desk, open_store
from routing.errors import StorageUnavailable
from routing.schedule import FollowUps


async def test_a_desk_starts_although_the_database_does_not_answer_just_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    async def silent_at_first(follow_ups: FollowUps) -> int:
        calls.append(follow_ups)
        raise StorageUnavailable("the database does not answer")

    monkeypatch.setattr(FollowUps, "run_due", silent_at_first)
    settings = Settings(data_dir=tmp_path, secret_key="a-real-looking-key-of-more-than-32-characters")
    desk: Desk = build_desk(settings, open_store(settings), cast(Any, SimpleNamespace(classifier=None)))
    try:
        await desk.start()
        assert calls == [desk.follow_ups]
    finally:
        await desk.stop()


@pytest.mark.parametrize("configured", [False, True])
async def test_wecom_is_there_only_when_it_is_configured(tmp_path: Path, configured: bool) -> None:
    wecom = {
        "wecom_corp_id": "ww5f2e1c9a7b30d468", "wecom_agent_id": "1000002", "wecom_secret": "0" * 43,
        "wecom_token": "aToken", "wecom_aes_key": "k" * 43,
    }  # fmt: skip
    key, more = "a-real-looking-key-of-more-than-32-characters", wecom if configured else {}
    settings = Settings(_env_file=None, data_dir=tmp_path, secret_key=key, **more)  # type: ignore[call-arg,arg-type]
    desk = build_desk(settings, open_store(settings), cast(Any, SimpleNamespace(classifier=None)))
    try:
        found = desk.channels.get("wecom", "desk")
        assert (found is not None) == configured
        if found is not None:
            assert (found.audience, found.link("inv_x")) == ("work", None)
            assert [getattr(route, "path", "") for route in found.routes()] == ["/wecom"]
    finally:
        await desk.store.aclose()
        await desk.http.close()


@pytest.mark.parametrize("configured", [False, True])
async def test_dingtalk_is_there_only_when_it_is_configured(tmp_path: Path, configured: bool) -> None:
    dingtalk = {"dingtalk_client_id": "dingabcdefgh1234", "dingtalk_client_secret": "c" * 40} if configured else {}
    key = "a-real-looking-key-of-more-than-32-characters"
    settings = Settings(_env_file=None, data_dir=tmp_path, secret_key=key, **dingtalk)  # type: ignore[call-arg,arg-type]
    desk = build_desk(settings, open_store(settings), cast(Any, SimpleNamespace(classifier=None)))
    try:
        assert [(c.name, c.account, c.audience) for c in desk.late] == (
            [("dingtalk", "desk", "work")] if configured else []
        )
        assert (desk.channels.get("dingtalk", "desk") is not None) == configured
    finally:
        await desk.store.aclose()
        await desk.http.close()


@pytest.mark.parametrize("configured", [False, True])
async def test_wechats_codes_are_looked_after_where_there_is_an_account(
    tmp_path: Path, configured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing_due(follow_ups: FollowUps) -> int:
        return 0

    monkeypatch.setattr(FollowUps, "run_due", nothing_due)
    wechat = {
        "wechat_app_id": "wx5f2e1c9a7b30d468", "wechat_app_secret": "c" * 32, "wechat_token": "canarywechattoken",
        "wechat_aes_key": "a" * 43, "wechat_api_base": "http://127.0.0.1:9",
    }  # fmt: skip
    key = "a-real-looking-key-of-more-than-32-characters"
    settings = Settings(_env_file=None, data_dir=tmp_path, secret_key=key, **(wechat if configured else {}))  # type: ignore[call-arg,arg-type]
    desk = build_desk(settings, open_store(settings), cast(Any, SimpleNamespace(classifier=None)))
    try:
        await desk.start()
        assert (desk.codes is not None) == configured
        assert (desk.ticker._scheduler.get_job("wechat_codes") is not None) == configured
    finally:
        await desk.stop()
