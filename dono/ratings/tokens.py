"""Tokens that raters and managers hold. The desk keeps hashes alone: the database lets nobody pose as one."""

from __future__ import annotations

import hashlib
import hmac
import secrets

BYTES = 24
"""192 random bits: a plain hash is enough, since nobody can try them all."""


def new_token() -> str:
    """A token for a URL."""
    return secrets.token_urlsafe(BYTES)


def token_hash(token: str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode("utf8", "replace")).hexdigest()


def form_key(token: str) -> str:
    """What a form must carry to be taken for this token's own (against cross-site request forgery): another site can
    make a browser send the cookie, but cannot read it, nor work this out.
    """
    return hmac.new(token.encode("utf8", "replace"), b"dono desk form", hashlib.sha256).hexdigest()[:32]


def same(a: str, b: str) -> bool:
    """Compare without telling by the time how much was right."""
    return hmac.compare_digest(a.encode("utf8", "replace"), b.encode("utf8", "replace"))
