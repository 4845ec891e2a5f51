"""Texts are encrypted at rest with one Fernet key; equality of texts is seen through a keyed hash, never the text.

While the key is changed there are two: the first writes and hashes, each of them reads.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.config import Settings
from bot.errors import BadSettings, UndecryptableText

KEY_FILE = "candor.key"


class TextKey:
    """The key of this installation. Neither `repr` nor any error shows it."""

    def __init__(self, key: str, *, source: str = "CANDOR_ENCRYPTION_KEY") -> None:
        """`key`: one, or the new one and older ones with commas or white space between.

        Raises BadSettings, which names `source`, if one is not 32 bytes in URL-safe base64.
        """
        keys = split_keys(key)
        try:
            self._first = Fernet(keys[0] if keys else "")
            self._fernet = MultiFernet([Fernet(each) for each in keys])
        except ValueError:
            raise BadSettings(
                f"The encryption key in {source} cannot be used: it must be 32 bytes in URL-safe base64. Put back the "
                "one that was there, or, if no text was stored yet, make one with: "
                'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
            ) from None
        self._hash_keys = [hashlib.sha256(b"candor fingerprint" + each.encode()).digest() for each in keys]
        self.changing = len(keys) > 1

    def __repr__(self) -> str:
        return "TextKey(...)"

    @classmethod
    def from_settings(cls, settings: Settings) -> TextKey:
        """The key that is set, else the one in the data folder, made there (mode 0600) on the first start."""
        if settings.encryption_key is not None:
            return cls(settings.encryption_key.get_secret_value().strip())
        path = key_path(settings)
        try:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                with suppress(FileExistsError):  # another process was quicker: its key counts
                    _create(path)
            key = path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadSettings(
                f"The key file {path} cannot be read or made ({type(error).__name__}). Give the bot's user access to "
                "it, or set CANDOR_ENCRYPTION_KEY."
            ) from error
        return cls(key, source=str(path))

    def encrypt(self, text: str) -> bytes:
        """`text` as a Fernet token."""
        return self._first.encrypt(text.encode())

    def wrote(self, token: bytes) -> bool:
        """Whether the first key wrote it, and no older one."""
        try:
            self._first.decrypt(token)
        except InvalidToken:
            return False
        return True

    def decrypt(self, token: bytes) -> str:
        """The inverse of `encrypt`. Raises UndecryptableText if another key wrote it."""
        try:
            return self._fernet.decrypt(token).decode()
        except InvalidToken:
            raise UndecryptableText(
                "A stored text was encrypted with another key. Set CANDOR_ENCRYPTION_KEY to the one that wrote it."
            ) from None

    def fingerprint(self, text: str) -> bytes:
        """32 bytes, the same for texts that differ only in case and white space; useless without the key."""
        return self.fingerprints(text)[0]

    def fingerprints(self, text: str) -> list[bytes]:
        """What each of the keys makes of the text, the one that writes first."""
        folded = " ".join(text.casefold().split()).encode()
        return [hmac.new(key, folded, hashlib.sha256).digest() for key in self._hash_keys]


def key_path(settings: Settings) -> Path:
    """Where the generated key lies."""
    return settings.data_dir / KEY_FILE


def split_keys(keys: str) -> list[str]:
    """The keys that were written one behind the other."""
    return [each for each in re.split(r"[\s,]+", keys) if each]


def new_key() -> str:
    """A fresh key."""
    return Fernet.generate_key().decode()


def replace_keys(path: Path, keys: Sequence[str]) -> None:
    """Write the keys, the one that writes first, in place of what is there: whole or not at all, mode 0600."""
    draft = _draft(path, "\n".join(keys))
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _create(path: Path) -> None:
    """Write a new key, mode 0600, so that nobody ever sees half of it. Raises FileExistsError if there is one."""
    draft = _draft(path, new_key())
    try:
        os.link(draft, path)
    finally:
        draft.unlink()


def _draft(path: Path, text: str) -> Path:
    """A file beside `path`, mode 0600, and on the disk: texts are encrypted with it, so it must outlive a power cut."""
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(draft)
