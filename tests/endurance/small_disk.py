"""A disk of a few megabytes that only this test's processes see, to be filled and emptied.

It is mounted in a mount namespace of its own, which a sleeping process holds, and goes with it.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class CannotMount(Exception):
    """Why there can be no small disk here."""


class SmallDisk:
    """`inside` is its path for programs that `command` starts; `outside` the same folder for the rest of us."""

    def __init__(self, mount_point: Path, holder: int) -> None:
        self.inside = mount_point
        self.outside = Path(f"/proc/{holder}/root{mount_point}")
        self._holder = holder

    def command(self, *program: str) -> Sequence[str]:
        """The command that runs a program where the disk is to be seen; it keeps its process id."""
        return ("nsenter", f"--mount=/proc/{self._holder}/ns/mnt", "--", *program)

    def fill(self) -> None:
        """Take every free byte."""
        with (self.outside / "fill").open("ab", buffering=0) as file:
            for size in (2**16, 2**9, 1):
                with contextlib.suppress(OSError):
                    while file.write(b"\0" * size) == size:
                        pass

    def free(self) -> None:
        (self.outside / "fill").unlink()


@contextmanager
def small_disk(mount_point: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Raises `CannotMount` where that takes other rights or tools."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("nsenter"):
        raise CannotMount("a small disk takes root, unshare and nsenter")
    script = f'mount -t tmpfs -o size={megabytes}m tmpfs "$1" && echo mounted && exec sleep 3600'
    holder = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", script, "sh", str(mount_point)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with holder:
        assert holder.stdout is not None
        assert holder.stderr is not None
        try:
            if holder.stdout.readline() != "mounted\n":
                raise CannotMount(f"a small disk can't be mounted here: {holder.stderr.read().strip()}")
            yield SmallDisk(mount_point, holder.pid)
        finally:
            holder.kill()
