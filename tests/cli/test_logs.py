"""Logs must stop nothing."""

import subprocess
import sys

from benchmarks.soak_program import ROOT

TALKS = """
import logging, structlog
from cli.logs import set_up
set_up()
structlog.get_logger("a").info("line")
logging.getLogger("b").error("line")
print("went on")
"""


def test_what_is_logged_on_a_full_disk_goes_on() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", TALKS], cwd=ROOT, stdout=subprocess.PIPE, stderr=full, text=True, check=False
        )
    assert done.stdout == "went on\n"
