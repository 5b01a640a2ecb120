"""What storage must be told."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class StorageSettings(BaseSettings):
    """Read by `cli.settings`; names get the prefix `MASHANG_`."""

    data_dir: Path = Field(Path("data"), description="Folder for the SQLite file, photos, voices and the secret key.")
    database_url: str = Field(
        "", description="sqlite:///path or postgresql://user@host/name. Empty: mashang.db in the data folder."
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Seals corruption reports and failed messages at rest; at least 32 characters. Empty: a random "
        "one is made once and kept in the data folder. Losing it loses what is sealed, and every photo and voice.",
    )
    clamd_address: str = Field(
        "",
        description="ClamAV's daemon, host:port or the path of its socket: every file is scanned before it is kept, "
        "and none is kept while it does not answer. Empty: no scanning.",
    )
    older_secret_keys: SecretStr = Field(
        SecretStr(""), description="Earlier secret keys, parted by commas: what they sealed can still be opened."
    )
