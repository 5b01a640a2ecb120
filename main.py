"""Mashang 码上: the message desk of a deputy liaison station. Run `python main.py --help`."""

import os
import sys
import traceback
from pathlib import Path

from cli.app import app


def main() -> None:
    """Run the command line. A bug is told in one line; with MASHANG_TRACEBACK set, as Python tells it."""
    try:
        app()
    except Exception as error:
        if os.environ.get("MASHANG_TRACEBACK"):
            raise
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "start"
        print(f"Unexpected {type(error).__name__} at {where}; MASHANG_TRACEBACK=1 shows it whole.", file=sys.stderr)
        sys.exit(70)


if __name__ == "__main__":
    main()
