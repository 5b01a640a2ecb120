"""The nightly training as a process of its own."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Final

_MAIN: Final = Path(__file__).parents[1] / "main.py"
#: Far longer than the most lessons take; what is not done then is ended, and the next night tries again.
_PATIENCE: Final = 2 * 3600.0


async def train_by_night() -> int:
    """Run `main.py model train --nightly`; returns its exit code. It ends with this process."""
    # One thread: the other core is for those who are awake.
    calm = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(_MAIN), "model", "train", "--nightly",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, env={**os.environ, **calm},
    )  # fmt: skip
    try:
        return await asyncio.wait_for(process.wait(), _PATIENCE)
    except TimeoutError:
        return -1
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
