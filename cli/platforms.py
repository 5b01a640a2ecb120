"""The channels of platforms that are configured. What a platform's library costs, nobody else pays."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from bot.wording import Wording
from cli.settings import Settings
from storage.store import Store

if TYPE_CHECKING:
    from bot.channel import Channel
    from bot.channels.dingtalk_api import DingTalkApi
    from bot.channels.envelope import Envelope
    from bot.channels.late import LateChannel
    from bot.channels.wechat_api import WeChatApi
    from bot.channels.wechat_codes import WeChatCodes
    from bot.channels.wechat_templates import Templates
    from bot.channels.wecom_api import WeComApi
    from bot.http import HttpClient


def wechat(settings: Settings, store: Store, http: "HttpClient", wording: Wording) -> "list[Channel]":
    """The WeChat account, if there is one."""
    if not settings.wechat_app_id:
        return []
    from bot.channels.wechat import WeChat

    async def file(name: str) -> bytes:
        return await asyncio.to_thread(store.files.read, name)

    api, envelope = wechat_api(settings, store, http), wechat_envelope(settings, store)
    templates = wechat_templates(settings, wording)
    return [WeChat(api=api, envelope=envelope, clock=store.clock, load=file, templates=templates)]


def wechat_api(settings: Settings, store: Store, http: "HttpClient") -> "WeChatApi":
    """WeChat's API with the account's access token, which all processes share."""
    from bot.channels.wechat_api import WeChatApi

    return WeChatApi(
        http, settings.wechat_app_id, settings.wechat_app_secret.get_secret_value(), settings.wechat_api_base,
        writer=store.writer, clock=store.clock,
    )  # fmt: skip


def wechat_envelope(settings: Settings, store: Store) -> "Envelope":
    """What opens and seals the account's messages."""
    from bot.channels.envelope import Envelope

    return Envelope(
        token=settings.wechat_token.get_secret_value(), aes_key=settings.wechat_aes_key.get_secret_value(),
        receiver=settings.wechat_app_id, clock=store.clock,
    )  # fmt: skip


def wechat_templates(settings: Settings, wording: Wording) -> "Templates":
    """The account's subscription notices; none where no file names them."""
    from bot.channels.wechat_templates import Templates, read_templates

    path = settings.wechat_templates
    return read_templates(Path(path).read_text("utf-8"), wording.keys()) if path else Templates()


def wechat_codes(settings: Settings, store: Store, http: "HttpClient") -> "WeChatCodes | None":
    """The parametric codes of the account, if there is one."""
    if not settings.wechat_app_id:
        return None
    from bot.channels.wechat_codes import WeChatCodes

    api = wechat_api(settings, store, http)
    return WeChatCodes(api, store.writer, store.reader, settings.wechat_app_id, store.clock)


def wecom(settings: Settings, store: Store, http: "HttpClient") -> "list[Channel]":
    """The work app in WeCom, if there is one."""
    if not settings.wecom_corp_id:
        return []
    from bot.channels.wecom import WeCom

    async def file(name: str) -> bytes:
        return await asyncio.to_thread(store.files.read, name)

    api, envelope = wecom_api(settings, store, http), wecom_envelope(settings, store)
    return [WeCom(api=api, envelope=envelope, clock=store.clock, load=file)]


def wecom_api(settings: Settings, store: Store, http: "HttpClient") -> "WeComApi":
    """WeCom's API with the app's access token, which all processes share."""
    from bot.channels.wecom_api import WeComApi

    return WeComApi(
        http, settings.wecom_corp_id, settings.wecom_agent_id, settings.wecom_secret.get_secret_value(),
        settings.wecom_api_base, writer=store.writer, clock=store.clock,
    )  # fmt: skip


def wecom_envelope(settings: Settings, store: Store) -> "Envelope":
    """What opens and seals the app's messages."""
    from bot.channels.envelope import Envelope

    return Envelope(
        token=settings.wecom_token.get_secret_value(), aes_key=settings.wecom_aes_key.get_secret_value(),
        receiver=settings.wecom_corp_id, clock=store.clock,
    )  # fmt: skip


def dingtalk(settings: Settings, store: Store, http: "HttpClient") -> "tuple[LateChannel, ...]":
    """The robot if it is configured, else nothing. Its SDK is imported when the desk starts, and only then."""
    if not settings.dingtalk_client_id:
        return ()
    from bot.channels.dingtalk_sending import CAPABILITIES
    from bot.channels.late import LateChannel

    async def file(name: str) -> bytes:
        return await asyncio.to_thread(store.files.read, name)

    def load() -> "Channel":
        from bot.channels.dingtalk import DingTalk

        return DingTalk(api=dingtalk_api(settings, store, http), clock=store.clock, load=file)

    return (LateChannel("dingtalk", "desk", "work", CAPABILITIES, load),)


def dingtalk_api(settings: Settings, store: Store, http: "HttpClient") -> "DingTalkApi":
    """DingTalk's API with the app's access token, which all processes share."""
    from bot.channels.dingtalk_api import DingTalkApi
    from bot.channels.tokens import TokenHolder

    secret = settings.dingtalk_client_secret.get_secret_value()
    api = DingTalkApi(http, settings.dingtalk_client_id, secret, settings.dingtalk_api_base)
    api.tokens = TokenHolder(api.fetch_token, store.writer, "dingtalk", settings.dingtalk_client_id, store.clock)
    return api
