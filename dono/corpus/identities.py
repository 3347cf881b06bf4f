"""Ids of documents: keyed hashes, so that a person's documents are found by who has the key, and by nobody else."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identities:
    """Gives documents their ids and knows which are forgotten. It can be sent to another process.

    `secret` is the project's key (32 bytes); without it an id says nothing about whom it stands for.
    """

    secret: bytes
    forgotten: frozenset[str] = frozenset()

    def of(self, source: str, key: str) -> str:
        """The id of the documents of a source with this natural key: 32 hexadecimal digits (BLAKE2b, keyed)."""
        return self._hash("document", source, key)

    def request(self, source: str, key: str) -> str:
        """How a request to forget is known again, whatever the key as typed stands for."""
        return self._hash("request", source, key)

    def seal(self, text: str) -> str:
        """A code that only who has the key can give a text."""
        return self._hash("seal", text)

    def same_seal(self, text: str, seal: str) -> bool:
        """Whether `seal` is that of `text`."""
        return hmac.compare_digest(self.seal(text).encode(), seal.encode())

    def _hash(self, *parts: str) -> str:
        digest = hashlib.blake2b(digest_size=16, key=self.secret)
        for part in parts:
            encoded = part.encode("utf8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "big") + encoded)  # so that ("ab", "c") is not ("a", "bc")
        return digest.hexdigest()
