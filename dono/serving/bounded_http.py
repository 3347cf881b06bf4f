"""HTTP read by httptools, whose headers are bounded: it has no bound of its own."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dono.serving.guard import HEADER_BYTES


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection on which more than `HEADER_BYTES` come that are no body."""

    _others = 0
    """Bytes of the request so far that are no body."""

    def data_received(self, data: bytes) -> None:
        """Bytes of a connection."""
        self._others += len(data)
        super().data_received(data)
        if self._others > HEADER_BYTES and not self.transport.is_closing():
            self.send_400_response("The headers are too large.")

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._others -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The end of a request."""
        self._others = 0
        super().on_message_complete()
