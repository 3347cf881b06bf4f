"""Real database servers for a test: of Debian's packages, in a directory of their own, on a unix socket alone."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

PASSWORD = "sl0w & steady@/:"
"""Of the test's servers; what a URL must not be broken by."""


class Server(ABC):
    """A server that can be started, killed and started again. Root hands it to `nobody`, as servers refuse to be run
    by root."""

    url: str
    """As it stands in a project file: the password is DONO_TEST_PASSWORD of the environment."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dono-"))
        self.folder.chmod(0o755)
        self.user = "nobody" if os.geteuid() == 0 else None
        if self.user is not None:
            os.chown(self.folder, pwd.getpwnam(self.user).pw_uid, pwd.getpwnam(self.user).pw_gid)
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def install(self) -> None:
        """Make the files of an empty database."""

    @abstractmethod
    def command(self) -> list[str]:
        """What runs the server."""

    def run(self, *command: str) -> None:
        """A command as the server's user."""
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, user=self.user, timeout=120)

    def start(self) -> None:
        """Returns when the server answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.folder, user=self.user, stdout=log, stderr=log, start_new_session=True
            )
        for _ in range(600):
            try:
                self.execute("SELECT 1")
            except sa.exc.OperationalError:
                assert self.process.poll() is None, (self.folder / "log").read_text("utf8")
                time.sleep(0.1)
            else:
                return
        raise TimeoutError((self.folder / "log").read_text("utf8"))

    def kill(self) -> None:
        """As the kernel does when memory runs out: with all processes of the server."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        """End the server, and leave nothing of it."""
        self.kill()
        shutil.rmtree(self.folder)

    def execute(self, statement: str, rows: Sequence[Mapping[str, object]] = ()) -> None:
        """Run a statement, once or for each row, as the owner of the database."""
        engine = sa.create_engine(self.owner(), poolclass=sa.pool.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.text(statement), rows or None)
        engine.dispose()

    @abstractmethod
    def owner(self) -> sa.URL:
        """How the owner is connected."""


class PostgreSQL(Server):
    """PostgreSQL, its encoding UTF-8."""

    def install(self) -> None:
        """With one user, who has a password."""
        (self.folder / "password").write_text(PASSWORD, "utf8")
        self.run(
            postgres_program("initdb"), "-D", "data", "-U", "dono", "-A", "scram-sha-256", "--pwfile=password",
            "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip
        self.url = f"postgresql+psycopg://dono:${{DONO_TEST_PASSWORD}}@/postgres?host={self.folder}"

    def command(self) -> list[str]:
        """On a socket in the server's folder."""
        settings = ["listen_addresses=", "fsync=off", "max_connections=10", "shared_buffers=16MB"]
        own = [word for setting in settings for word in ("-c", setting)]
        return [postgres_program("postgres"), "-D", "data", "-k", str(self.folder), *own]

    def kill(self) -> None:
        """PostgreSQL's immediate shutdown: connections break off, and nothing is left that hinders a new start."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
            self.process = None

    def owner(self) -> sa.URL:
        """The one user there is."""
        return sa.make_url(self.url).set(password=PASSWORD)


class MariaDB(Server):
    """MariaDB, which speaks as MySQL does."""

    def install(self) -> None:
        """With root, who has no password."""
        where, how = f"--datadir={self.folder}/datadir", "--auth-root-authentication-method=normal"
        self.run("mariadb-install-db", "--no-defaults", where, how, "--skip-test-db")
        self.url = f"mysql+pymysql://dono:${{DONO_TEST_PASSWORD}}@localhost/shop?unix_socket={self.folder}/socket"

    def start(self) -> None:
        """With a database, and a user who has a password."""
        super().start()
        self.execute("CREATE DATABASE IF NOT EXISTS shop CHARACTER SET utf8mb4")
        self.execute("CREATE USER IF NOT EXISTS dono@localhost IDENTIFIED BY :password", [{"password": PASSWORD}])
        self.execute("GRANT ALL ON shop.* TO dono@localhost")

    def command(self) -> list[str]:
        """On a socket in the server's folder."""
        files = [f"--{name}={self.folder}/{name}" for name in ("datadir", "socket", "pid-file")]
        small = ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M"]
        return [mariadb_program(), "--no-defaults", *files, "--skip-networking", *small]

    def owner(self) -> sa.URL:
        """Root of a new server has no password."""
        return sa.make_url(f"mysql+pymysql://root@localhost/?unix_socket={self.folder}/socket")


def postgres_program(name: str) -> str:
    """Debian keeps programs of the server beside those of its other versions; an empty name where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(found[-1]) if found else "")


def mariadb_program() -> str:
    """Where it is, or an empty name."""
    return shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin") or ""


SERVERS: dict[str, type[Server]] = {"postgresql": PostgreSQL, "mariadb": MariaDB}


def missing(name: str) -> str:
    """Why a server cannot be started, or nothing."""
    if name == "postgresql":
        return "" if postgres_program("initdb") else "no PostgreSQL (Debian's postgresql)"
    there = mariadb_program() and shutil.which("mariadb-install-db")
    return "" if there else "no MariaDB (Debian's mariadb-server-core and mariadb-client-core)"
