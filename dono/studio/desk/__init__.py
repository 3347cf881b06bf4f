"""The rating desk in a browser: pages made on the server, which work without a script."""

from dono.studio.desk.app import make_app

__all__ = ["make_app"]
