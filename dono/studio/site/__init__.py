"""The studio: pages over one project's work folder. It reads what lies there, and starts Dono's own commands."""

from dono.studio.site.app import make_studio
from dono.studio.site.site import Site

__all__ = ["Site", "make_studio"]
