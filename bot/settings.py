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


class DingTalkSettings(BaseSettings):
    """The work robot on DingTalk is off until the app's id and secret are set (docs/channels/dingtalk.md)."""

    dingtalk_client_id: str = Field("", description="Client ID (AppKey) of the internal app with the work robot.")
    dingtalk_client_secret: SecretStr = Field(SecretStr(""), description="Client Secret (AppSecret) of the same app.")
    dingtalk_api_base: str = Field("https://api.dingtalk.com", description="DingTalk's API server.")


class PosterSettings(BaseSettings):
    poster_font: str = Field("", description="Path of a Chinese font for posters. Empty: looked for on the machine.")
