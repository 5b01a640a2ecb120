"""All settings, read once: the environment (`MASHANG_…`) and a `.env` file in the working folder."""

import os
import re
import secrets
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from bot.settings import (
    DingTalkSettings,
    PosterSettings,
    ServerSettings,
    TelegramSettings,
    WeChatSettings,
    WeComSettings,
)
from storage.settings import StorageSettings

#: Values from examples and habit. One of these as a secret stops the start.
_SAMPLES = ("change", "secret", "example", "sample", "test", "password", "your", "xxx", "123456", "<")
_SECRETS = (
    "secret_key", "telegram_citizen_token", "telegram_desk_token", "telegram_webhook_secret", "wechat_app_secret",
    "wechat_token", "wechat_aes_key", "wecom_secret", "wecom_token", "wecom_aes_key", "dingtalk_client_secret",
)  # fmt: skip
#: Telegram's own has 35 characters behind the colon; a self-hosted or later one may differ.
_BOT_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{20,256}")
_DINGTALK_CREDENTIAL = re.compile(r"[A-Za-z0-9_-]{8,128}")
_CORP_ID = re.compile(r"[A-Za-z0-9_-]{4,64}")
_AGENT_ID = re.compile(r"[1-9][0-9]{0,11}")
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
#: (https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Access_Overview.html)
_CALLBACK_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")


class SettingsError(Exception):
    """A setting is missing or wrong; the text names it and says what to do."""


class Settings(
    StorageSettings, ServerSettings, TelegramSettings, WeChatSettings, WeComSettings, DingTalkSettings, PosterSettings
):
    """Every name with its help is listed by `main.py doctor --settings`."""

    model_config = SettingsConfigDict(env_prefix="MASHANG_", env_file=".env", extra="ignore", hide_input_in_errors=True)

    night_training: bool = Field(
        True,
        description="Learn at night from what staff confirmed and corrected (3:30, Beijing time). false: only by "
        "`main.py model train`.",
    )

    @field_validator("database_url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        from storage.engine import parse_url

        if url:
            parse_url(url)
        return url

    @field_validator("clamd_address")
    @classmethod
    def _check_scanner(cls, address: str) -> str:
        from storage.clamd import Clamd

        if address:
            Clamd(address)
        return address

    @model_validator(mode="after")
    def _check_secrets(self) -> "Settings":
        for name in _SECRETS:
            value = getattr(self, name).get_secret_value()
            if value and any(value.lower().startswith(sample) for sample in _SAMPLES):
                raise ValueError(f"MASHANG_{name.upper()} is still a sample value; set a real one")
        key = self.secret_key.get_secret_value()
        if key and len(key) < 32:
            raise ValueError("MASHANG_SECRET_KEY is shorter than 32 characters")
        return self

    @model_validator(mode="after")
    def _check_telegram(self) -> "Settings":
        """What a bot would trip over is told before anything starts: its library is loaded only afterwards."""
        citizen, desk = self.telegram_citizen_token.get_secret_value(), self.telegram_desk_token.get_secret_value()
        for name, token in (("CITIZEN", citizen), ("DESK", desk)):
            if token and not _BOT_TOKEN.fullmatch(token):
                raise ValueError(
                    f"MASHANG_TELEGRAM_{name}_TOKEN is no bot's token: digits, a colon and 35 of A-Z a-z 0-9 _ -"
                )
        if citizen and citizen == desk:
            raise ValueError("MASHANG_TELEGRAM_DESK_TOKEN is the public bot's token; the work bot needs its own")
        secret = self.telegram_webhook_secret.get_secret_value()
        if secret and not _WEBHOOK_SECRET.fullmatch(secret):
            raise ValueError("MASHANG_TELEGRAM_WEBHOOK_SECRET is not 1 to 256 of A-Z a-z 0-9 _ -")
        if secret and not self.public_url:
            raise ValueError("MASHANG_TELEGRAM_WEBHOOK_SECRET is set, so MASHANG_PUBLIC_URL must be set as well")
        if citizen or desk:
            self._check_base("telegram_api_base")
        return self

    @model_validator(mode="after")
    def _check_wechat(self) -> "Settings":
        """All of the channel's values or none: half of them would take messages in and answer nobody."""
        if not self._is_whole("wechat", ("app_id", "app_secret", "token", "aes_key")):
            return self
        self._check_envelope("wechat")
        self._check_base("wechat_api_base")
        if self.wechat_templates:
            self._check_templates()
        return self

    @model_validator(mode="after")
    def _check_wecom(self) -> "Settings":
        if not self._is_whole("wecom", ("corp_id", "agent_id", "secret", "token", "aes_key")):
            return self
        if not _CORP_ID.fullmatch(self.wecom_corp_id):
            raise ValueError("MASHANG_WECOM_CORP_ID is no 企业ID: 4 to 64 of A-Z a-z 0-9 _ -")
        if not _AGENT_ID.fullmatch(self.wecom_agent_id):
            raise ValueError("MASHANG_WECOM_AGENT_ID is no AgentId: a number")
        self._check_envelope("wecom")
        self._check_base("wecom_api_base")
        return self

    def _check_envelope(self, channel: str) -> None:
        if not _CALLBACK_TOKEN.fullmatch(_plain(getattr(self, f"{channel}_token"))):
            raise ValueError(f"MASHANG_{channel.upper()}_TOKEN is not 3 to 32 of A-Z a-z 0-9")
        if not _AES_KEY.fullmatch(_plain(getattr(self, f"{channel}_aes_key"))):
            raise ValueError(f"MASHANG_{channel.upper()}_AES_KEY is not 43 of A-Z a-z 0-9")

    def _check_templates(self) -> None:
        from bot.channels.wechat_templates import read_templates
        from bot.wording import read_language

        try:
            read_templates(Path(self.wechat_templates).read_text("utf-8"), read_language("zh_CN").keys())
        except OSError as error:
            raise ValueError(f"MASHANG_WECHAT_TEMPLATES can't be read: {error.strerror}") from None
        except ValueError as error:
            raise ValueError(f"MASHANG_WECHAT_TEMPLATES: {error}") from None

    @model_validator(mode="after")
    def _check_dingtalk(self) -> "Settings":
        if not self._is_whole("dingtalk", ("client_id", "client_secret")):
            return self
        if any(self.dingtalk_client_id.lower().startswith(sample) for sample in _SAMPLES):
            raise ValueError("MASHANG_DINGTALK_CLIENT_ID is still a sample value; set a real one")
        for name in ("dingtalk_client_id", "dingtalk_client_secret"):
            if not _DINGTALK_CREDENTIAL.fullmatch(_plain(getattr(self, name))):
                raise ValueError(f"MASHANG_{name.upper()} is no credential of DingTalk's: 8 to 128 of A-Z a-z 0-9 _ -")
        self._check_base("dingtalk_api_base")
        return self

    def _is_whole(self, channel: str, names: Sequence[str]) -> bool:
        """Whether a channel is set; raises `ValueError`, which says what is missing, when it is half set."""
        values = {f"{channel}_{name}": getattr(self, f"{channel}_{name}") for name in names}
        missing = [name for name, value in values.items() if not _plain(value)]
        if not missing or len(missing) == len(values):
            return not missing
        named = ", ".join(f"MASHANG_{name.upper()}" for name in missing)
        raise ValueError(f"{channel} is only half set: {named} missing; set all or none")

    def _check_base(self, name: str) -> None:
        from bot.lines import address_of

        try:
            address_of(getattr(self, name))
        except ValueError as error:
            raise ValueError(f"MASHANG_{name.upper()}: {error}") from None

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'mashang.db'}"

    @property
    def url(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def older_keys(self) -> list[str]:
        return [key.strip() for key in self.older_secret_keys.get_secret_value().split(",") if key.strip()]

    @cached_property
    def key(self) -> str:
        """The secret key; made and kept in the data folder (mode 0600) where none is set."""
        given = self.secret_key.get_secret_value()
        if given:
            return given
        path = self.data_dir / "secret.key"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(f".{secrets.token_hex(4)}")
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(temporary, path)  # the first of two starting processes wins
            except FileExistsError:
                pass
            finally:
                Path(temporary).unlink()
        return path.read_text().strip()


def _plain(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def load_settings(**overrides: object) -> Settings:
    """Read the settings. Raises `SettingsError` with one line per wrong name and no value."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = "".join(f"MASHANG_{str(part).upper()}: " for part in problem["loc"])
            lines.append(name + problem["msg"].removeprefix("Value error, "))
        raise SettingsError("\n".join(lines)) from None
