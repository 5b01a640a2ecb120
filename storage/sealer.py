"""Text sealed with a key that is not in the database."""

import base64
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PREFIX = "s1."
_NONCE_BYTES = 12


def derive_key(secret: str, purpose: str) -> bytes:
    """32 bytes for one purpose from the secret of the settings. Raises `ValueError` for an empty secret."""
    if not secret:
        raise ValueError("the secret key is empty; set MASHANG_SECRET_KEY")
    return HKDF(SHA256(), length=32, salt=b"mashang", info=purpose.encode()).derive(secret.encode())


class AesSealer:
    """`routing.ports.Sealer` with AES-256-GCM.

    `secret` seals and opens; `older` secrets open what was sealed before the secret was changed.
    """

    def __init__(self, secret: str, older: Sequence[str] = ()) -> None:
        self._ciphers = [AESGCM(derive_key(one, "seal")) for one in (secret, *older)]

    def seal(self, text: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        # A hostile text may hold lone surrogates, which must come back too.
        sealed = self._ciphers[0].encrypt(nonce, text.encode("utf-8", "surrogatepass"), _PREFIX.encode())
        return _PREFIX + base64.urlsafe_b64encode(nonce + sealed).decode("ascii")

    def open(self, sealed: str) -> str:
        if not sealed.startswith(_PREFIX):
            raise ValueError("this text was not sealed by this program")
        try:
            blob = base64.b64decode(sealed[len(_PREFIX) :].encode("ascii"), altchars=b"-_", validate=True)
        except ValueError:
            raise ValueError("this sealed text was changed") from None
        for cipher in self._ciphers:
            try:
                plain = cipher.decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], _PREFIX.encode())
            except (InvalidTag, ValueError):
                continue
            return plain.decode("utf-8", "surrogatepass")
        raise ValueError("this text was sealed with another key, or changed")
