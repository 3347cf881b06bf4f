"""What a client is told when a request is not served, in OpenAI's envelope."""

from __future__ import annotations

from collections.abc import Mapping


class Refused(Exception):
    """A request that is not served: HTTP status, a sentence, and where it lies.

    `param` is the field that is meant, `code` a word for programs, `wait` seconds after which it may be tried again.
    """

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None, wait: float | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.param, self.code, self.wait = status, message, param, code, wait

    @property
    def kind(self) -> str:
        """OpenAI's word for the sort of error."""
        return KINDS.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")

    def envelope(self) -> Mapping[str, object]:
        """The body of the answer."""
        return {"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}}

    def headers(self) -> dict[str, str]:
        """`Retry-After` in whole seconds, where it may be tried again."""
        return {} if self.wait is None else {"Retry-After": str(max(1, round(self.wait + 0.5)))}


KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error", 503: "overloaded_error"}
"""Where the word is not told by the status being above or below 500."""


def invalid(message: str, param: str | None = None, code: str | None = None) -> Refused:
    """A request that cannot be served as it is."""
    return Refused(400, message, param=param, code=code)
