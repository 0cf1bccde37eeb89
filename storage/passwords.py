"""Argon2id with a pepper. Takes about 0.2 s of CPU and 64 MiB a call: never on the loop, never in a transaction."""

from __future__ import annotations

import secrets
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from storage.keys import KeyRing

MEMORY_KIB: Final = 64 * 1024
SHORTEST: Final = 15  # while nobody has a second factor; 12 with one
LONGEST_BYTES: Final = 256
# The words that every list of stolen passwords begins with, in the shapes that reach SHORTEST, and our own names.
COMMON: Final = frozenset(
    "123456789012345 1234567890123456 12345678901234567890 123456789123456 1234567812345678 0123456789012345"
    " 111111111111111 000000000000000 aaaaaaaaaaaaaaa qwertyuiopasdfg qwertyuiopasdfghjkl qwertyuiop12345"
    " qwertyuiop1234567890 1q2w3e4r5t6y7u8i 1q2w3e4r5t6y7u8i9o0p qazwsxedcrfvtgb qazwsxedcrfvtgbyhnujm zxcvbnmasdfghjkl"
    " asdfghjklqwertyuiop passwordpassword password12345678 password123456789 passwordpassword1 passw0rdpassw0rd"
    " iloveyouiloveyou iloveyou12345678 administrator123 administrator1234 administratoradministrator adminadminadmin"
    " adminadminadminadmin letmeinletmeinletmein welcome123456789 welcomewelcome1 abcdefghijklmno abcdefghijklmnop"
    " abcdefghijklmnopqrstuvwxyz abc123abc123abc123 abcd1234abcd1234 changemechangeme matkhau123456789 matkhaumatkhau1"
    " matkhaumatkhau123 matkhaumatkhaumatkhau anhyeuem12345678 anhyeuemanhyeuem emyeuanhemyeuanh vietnam123456789"
    " vietnamvietnam1 baohiembaohiem1 baohiembaohiem123 baohiem123456789 ibaohiem12345678 ibaohiem123456789"
    " ibaohiemibaohiem tuvanvienbaohiem congtybaohiem123".split()
)


class WeakPassword(ValueError):
    """The text says what is wrong, never the password."""


class Hasher:
    """Hashes of one installation."""

    def __init__(self, keys: KeyRing, *, memory_kib: int = MEMORY_KIB) -> None:
        self._keys = keys
        self._argon = PasswordHasher(time_cost=3, memory_cost=memory_kib, parallelism=1, hash_len=32, salt_len=16)
        self._nobody = ""

    def hash(self, password: str) -> str:
        return self._argon.hash(self._peppered(password))

    def verify(self, stored: str, password: str) -> bool:
        """Whether the password fits; '' (an unknown person) costs the same work and never fits."""
        if not stored:
            self._nobody = self._nobody or self.hash(secrets.token_hex(16))
        try:
            return self._argon.verify(stored or self._nobody, self._peppered(password)) and bool(stored)
        except (VerificationError, InvalidHashError):
            return False

    def warm(self) -> None:
        """Make the hash of nobody now, so that the first unknown address does not answer later than the second."""
        self._nobody = self._nobody or self.hash(secrets.token_hex(16))

    def stale(self, stored: str) -> bool:
        """Made with other parameters than today's: hash again at the next sign-in."""
        return self._argon.check_needs_rehash(stored)

    def _peppered(self, password: str) -> bytes:
        # NFC: keyboards differ in how they compose Vietnamese letters
        return self._keys.pepper(unicodedata.normalize("NFC", password))


def check(password: str, *, about: tuple[str, ...] = ()) -> None:
    """Raises WeakPassword. `about` -- the person's own name and address, which alone make no password."""
    plain = unicodedata.normalize("NFC", password)
    if len(plain) < SHORTEST:
        raise WeakPassword(f"a password has at least {SHORTEST} characters")
    try:
        size = len(plain.encode())
    except UnicodeEncodeError:
        raise WeakPassword("a password is made of characters") from None
    if size > LONGEST_BYTES:
        raise WeakPassword(f"a password has at most {LONGEST_BYTES} bytes")
    bare = plain.casefold()
    if bare in COMMON or len(set(bare)) < 4 or any(bare == word.casefold() for word in about if word):
        raise WeakPassword("this password is among the first that are guessed")


def invent() -> str:
    """A one-time password, easy to read out: five groups of letters and digits, 100 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(5))
