"""What is made and remembered: sealed directories, their records, identity, measurements."""

from dono.artifacts.files import disk_mistake, write_atomically
from dono.artifacts.identity import Json, drift, fingerprint, identity
from dono.artifacts.lock import Holder, alone_in, holder_of
from dono.artifacts.log import LOG, Row, read_log, read_log_from
from dono.artifacts.measurements import Measurement, read_measurements, write_measurements
from dono.artifacts.store import Artifact, Reference, Store, read_artifact, read_begun

__all__ = [
    "LOG",
    "Artifact",
    "Holder",
    "Json",
    "Measurement",
    "Reference",
    "Row",
    "Store",
    "alone_in",
    "disk_mistake",
    "drift",
    "fingerprint",
    "holder_of",
    "identity",
    "read_artifact",
    "read_begun",
    "read_log",
    "read_log_from",
    "read_measurements",
    "write_atomically",
    "write_measurements",
]
