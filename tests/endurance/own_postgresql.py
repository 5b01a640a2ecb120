"""A PostgreSQL server of a test's own, which may be stopped, frozen and started without harming anybody.

Its programs are looked for where Debian puts them and on the path; as root it runs as the user `postgres`, because it
refuses to run as root.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.soak_program import free_port


class CannotRun(Exception):
    """Why no server can be run here."""


class OwnPostgresql:
    """A running server. `url` leads to its database `postgres`, by TCP."""

    def __init__(self, programs: Path, folder: Path, user: str | None) -> None:
        self._programs, self._data, self._user = programs, folder / "data", user
        self.port = free_port()
        self.url = f"postgresql://mashang@127.0.0.1:{self.port}/postgres"
        self._run("initdb", "--username=mashang", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n")

    def start(self) -> None:
        """Returns when it takes connections."""
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self._data.parent / 'server.log'}")

    def stop(self) -> None:
        """As an operator does who restarts it at once: connections are cut."""
        self._run("pg_ctl", "stop", "--wait", "--silent", "--mode=fast")

    def freeze(self) -> None:
        """It answers nothing any more, and closes no connection."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        server = int((self._data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        for pid in (server, *map(int, children)):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "--pgdata", str(self._data), *arguments]
        if self._user is not None:
            command = ["runuser", "--user", self._user, "--", *command]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              cwd=self._data.parent, text=True, check=False)  # fmt: skip
        if done.returncode:
            raise CannotRun(f"{program}: {done.stderr.strip()[-300:]}")


@contextmanager
def own_postgresql() -> Iterator[OwnPostgresql]:
    """A running server, removed afterwards. Raises `CannotRun` where there can be none."""
    programs = _programs()
    user = _other_user()
    folder = Path(tempfile.mkdtemp(prefix="mashang-postgresql-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        server = OwnPostgresql(programs, folder, user)
        server.start()
        try:
            yield server
        finally:
            server.thaw()
            server.stop()
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise CannotRun("PostgreSQL's server programs are not installed (Debian: apt-get install postgresql)")
    return (found[-1] if found else Path(str(on_path)).resolve()).parent


def _other_user() -> str | None:
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        raise CannotRun("PostgreSQL does not run as root, and there is no user postgres") from None
    if shutil.which("runuser") is None:
        raise CannotRun("there is no runuser to start PostgreSQL as another user than root")
    return "postgres"
