"""The studio: pages over one project's work folder. It reads what lies there, and starts Dono's own commands."""

from dono.studio.site.app import INSIDE, make_studio
from dono.studio.site.site import Site

__all__ = ["INSIDE", "Site", "make_studio"]
