"""What is made and remembered: sealed directories, their records, identity, measurements."""

from dono.artifacts.files import disk_mistake, write_atomically
from dono.artifacts.identity import Json, drift, fingerprint, identity
from dono.artifacts.measurements import Measurement, read_measurements, write_measurements
from dono.artifacts.store import Artifact, Reference, Store, read_artifact

__all__ = [
    "Artifact",
    "Json",
    "Measurement",
    "Reference",
    "Store",
    "disk_mistake",
    "drift",
    "fingerprint",
    "identity",
    "read_artifact",
    "read_measurements",
    "write_atomically",
    "write_measurements",
]
