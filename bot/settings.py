"""What the edge must be told."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class ServerSettings(BaseSettings):
    """Read by `cli.settings`; names get the prefix `MASHANG_`."""

    host: str = Field("127.0.0.1", description="Address to listen on. Behind a proxy keep 127.0.0.1.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    public_url: str = Field("", description="Where citizens reach this server (https://…); it is printed in QR codes.")


class TelegramSettings(BaseSettings):
    """Telegram is off until a token is set: its servers are abroad (personal information law, Art. 36)."""

    telegram_citizen_token: SecretStr = Field(SecretStr(""), description="Token of the public bot, for citizens.")
    telegram_desk_token: SecretStr = Field(SecretStr(""), description="Token of the work bot; another than the public.")
    telegram_api_base: str = Field("https://api.telegram.org", description="Bot API server.")
    telegram_webhook_secret: SecretStr = Field(
        SecretStr(""), description="Set: webhooks at MASHANG_PUBLIC_URL/telegram/…; empty: polling."
    )


class WeChatSettings(BaseSettings):
    """The WeChat Official Account is off until its four values are set: 设置与开发 → 基本配置 at mp.weixin.qq.com."""

    wechat_app_id: str = Field("", description="The account's AppID (wx…).")
    wechat_app_secret: SecretStr = Field(SecretStr(""), description="Its AppSecret.")
    wechat_token: SecretStr = Field(
        SecretStr(""), description="The Token (令牌) of its server settings, 3 to 32 A-Z 0-9."
    )
    wechat_aes_key: SecretStr = Field(SecretStr(""), description="Its EncodingAESKey (消息加解密密钥), 43 characters.")
    wechat_api_base: str = Field("https://api.weixin.qq.com", description="API server of WeChat.")
    wechat_templates: str = Field(
        "", description="File (YAML) that says which notice is announced by which subscription template."
    )


class WeComSettings(BaseSettings):
    """The work app in WeCom is off until its five values are set (docs/channels/wecom.md)."""

    wecom_corp_id: str = Field("", description="企业ID (ww…), from 我的企业 at work.weixin.qq.com.")
    wecom_agent_id: str = Field("", description="AgentId of the app, a number.")
    wecom_secret: SecretStr = Field(SecretStr(""), description="Secret of the app.")
    wecom_token: SecretStr = Field(SecretStr(""), description="The Token of its 接收消息服务器, 3 to 32 A-Z a-z 0-9.")
    wecom_aes_key: SecretStr = Field(SecretStr(""), description="Its EncodingAESKey, 43 characters.")
    wecom_api_base: str = Field("https://qyapi.weixin.qq.com", description="API server of WeCom.")


class DingTalkSettings(BaseSettings):
    """The work robot on DingTalk is off until the app's id and secret are set (docs/channels/dingtalk.md)."""

    dingtalk_client_id: str = Field("", description="Client ID (AppKey) of the internal app with the work robot.")
    dingtalk_client_secret: SecretStr = Field(SecretStr(""), description="Client Secret (AppSecret) of the same app.")
    dingtalk_api_base: str = Field("https://api.dingtalk.com", description="DingTalk's API server.")


class PosterSettings(BaseSettings):
    poster_font: str = Field("", description="Path of a Chinese font for posters. Empty: looked for on the machine.")
