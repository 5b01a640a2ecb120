"""`make bench`: every figure of speed, in one run, as ratios against what runs beside it. See docs/performance.md.

python -m benchmarks.run                       about six minutes
python -m benchmarks.run --quick               a look, two minutes
python -m benchmarks.run --cases 1000,1000000  how cost grows, up to a million cases (adds some minutes)
python -m benchmarks.run --only chat,start     some of chat, syncs, slow, outbox, words, classifiers, growth, start
                                               repeats, growth, start
python -m benchmarks.run --data FOLDER         classifiers on lent messages as well (or MASHANG_DATA)
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import parts
from benchmarks.contestants import Missing, Running, keep_off_server_core, ours, peer, postgresql, server_core
from benchmarks.labelled_texts import data_folder
from benchmarks.load import Broken, Crowd, Result

CONNECTIONS = (1, 8, 32)
PARTS = ("chat", "syncs", "slow", "outbox", "words", "classifiers", "repeats", "growth", "start")
OURS, OURS_PG, AIOGRAM, PTB, FLOOR = (
    "ours, SQLite",
    "ours, PostgreSQL",
    "(a) aiogram + ORM",
    "(b) PTB + pickle",
    "(c) floor",
)
Start = Callable[[], AbstractAsyncContextManager[Running]]


@dataclass(slots=True)
class Figure:
    """One asked figure. `met` None: it was not measured, and `shown` says why."""

    name: str
    shown: str
    asked: str
    met: bool | None


@dataclass(slots=True)
class Bench:
    seconds: float
    rounds: int
    cases: list[int]
    crowd: Crowd
    folder: Path
    console: Console
    data: Path | None = None
    verbose: bool = False
    figures: list[Figure] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)

    def ratio(self, name: str, value: float, least: float) -> None:
        self.figures.append(Figure(name, f"{value:.2f} ×", f"≥ {least:g} ×", value >= least))

    def most(self, name: str, value: float, most: float, unit: str) -> None:
        self.figures.append(Figure(name, f"{value:.2f}{unit}", f"≤ {most:g}{unit}", value <= most))

    def missing(self, name: str, why: str) -> None:
        self.figures.append(Figure(name, f"not measured: {why}", "", None))

    def tell(self, line: str) -> None:
        if self.verbose:
            print(line, file=sys.stderr, flush=True)

    def place(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.folder))

    async def load(self, running: Running, connections: int, seconds: float | None = None) -> Result:
        return await self.crowd.chat(running.webhook, running.code, connections, seconds or self.seconds, running.pid)


async def chat(bench: Bench) -> None:
    """The same conversations at every contestant, in turns, so that whatever else the machine does meets them alike."""
    with contextlib.ExitStack() as databases:
        starts: dict[str, Start] = {OURS: lambda: ours(bench.place(), bench.crowd.api.url)}
        try:
            database = databases.enter_context(postgresql())
            starts[OURS_PG] = lambda: ours(bench.place(), bench.crowd.api.url, database=database)
        except Missing as missing:
            bench.missing("PostgreSQL", str(missing))
        for name, module in ((AIOGRAM, "peers.aiogram_orm"), (PTB, "peers.ptb_pickle"), (FLOOR, "floor")):
            starts[name] = partial(peer, f"benchmarks.{module}", bench.place(), bench.crowd.api.url)
        results = await _in_turns(bench, starts)
    table = Table(
        "", "connections", "messages/s", "µs of core", "reply p50", "p99", title="Conversations over webhooks"
    )
    middle: dict[tuple[str, int], tuple[float, float, float, float]] = {}
    for (name, connections), runs in results.items():
        found = (
            statistics.median(run.rate for run in runs),
            statistics.median(run.core for run in runs),
            statistics.median(run.percentile(0.5) for run in runs),
            statistics.median(run.percentile(0.99) for run in runs),
        )
        middle[name, connections] = found
        rate, core, half, late = found
        table.add_row(name, str(connections), f"{rate:,.0f}", f"{core:,.0f}", f"{half:.1f} ms", f"{late:.1f} ms")
        bench.raw[f"chat {name} {connections}"] = [
            {"rate": run.rate, "core_us": run.core, "p99_ms": run.percentile(0.99), "load": run.busy} for run in runs
        ]
    bench.console.print(table)
    busiest = max(run.busy for runs in results.values() for run in runs)
    bench.console.print(f"The measuring itself took at most {busiest:.0%} of its own core.\n")

    def compare(name: str, connections: int, least: float) -> None:
        label = f"{connections} connections: messages/s, of {name}"
        if (name, connections) not in middle:
            bench.missing(label, "it did not run")
            return
        bench.ratio(label, middle[OURS, connections][0] / middle[name, connections][0], least)

    compare(AIOGRAM, 32, 15)
    compare(AIOGRAM, 8, 12)
    compare(PTB, 32, 3.5)
    compare(FLOOR, 32, 0.4)
    if (AIOGRAM, 32) in middle:
        bench.most(
            "32 connections: p99 of the reply, of (a)'s", middle[OURS, 32][3] / middle[AIOGRAM, 32][3], 0.1, " ×"
        )
    if (OURS_PG, 32) in middle:
        bench.ratio("32 connections: PostgreSQL, of SQLite", middle[OURS_PG, 32][0] / middle[OURS, 32][0], 0.5)


async def _in_turns(bench: Bench, starts: dict[str, Start]) -> dict[tuple[str, int], list[Result]]:
    results: dict[tuple[str, int], list[Result]] = {}
    async with contextlib.AsyncExitStack() as stack:
        running: dict[str, Running] = {}
        for name, start in starts.items():
            try:
                running[name] = await stack.enter_async_context(start())
                await bench.load(running[name], 8, 1)
            except Missing as missing:
                bench.missing(name, str(missing))
                running.pop(name, None)
        for _ in range(bench.rounds):
            for connections in CONNECTIONS:
                for name, one in running.items():
                    result = await bench.load(one, connections)
                    results.setdefault((name, connections), []).append(result)
                    told = f"{result.rate:.0f}/s, {result.core:.0f} µs, {result.server:.0%} of a core"
                    bench.tell(f"{name}, {connections}: {told}")
    return dict(sorted(results.items(), key=lambda item: (list(starts).index(item[0][0]), item[0][1])))


async def syncs(bench: Bench) -> None:
    """Syncs to disk a message, counted by strace on the serving process, checkpoints included."""
    if (strace := parts.find("strace")) is None:
        bench.missing("syncs a message", "strace is not installed")
        return
    async with ours(bench.place(), bench.crowd.api.url) as running:
        await bench.load(running, 8, 1)
        for connections, most in zip(CONNECTIONS, (1.1, 0.5, 0.25), strict=True):
            async with parts.counted_syncs(strace, running.pid) as counted:
                result = await bench.load(running, connections)
            bench.most(f"{connections} connections: syncs a message", counted.syncs / counted.share(result), most, "")


async def slow(bench: Bench) -> None:
    """Two milliseconds more for every sync: what groups are worth on a slower disk."""
    late = ["--sync-ms", "2"]
    starts: dict[str, Start] = {
        "groups": lambda: ours(bench.place(), bench.crowd.api.url, options=late),
        "ones": lambda: ours(bench.place(), bench.crowd.api.url, options=[*late, "--group-size", "1"]),
    }
    async with starts["groups"]() as groups, starts["ones"]() as ones:
        rates: dict[str, list[float]] = {"groups": [], "ones": []}
        for _ in range(bench.rounds + 1):
            for name, running in (("groups", groups), ("ones", ones)):
                rates[name].append((await bench.load(running, 32)).rate)
    # The first round warms up.
    worth = statistics.median(rates["groups"][1:]) / statistics.median(rates["ones"][1:])
    bench.raw["slow"] = rates
    bench.ratio("32 connections, 2 ms more a sync: groups, of groups of one", worth, 4)


async def outbox(bench: Bench) -> None:
    fifty, one = await parts.claims(bench.place())
    bench.raw["claims a second"] = {"50": fifty, "1": one}
    bench.ratio("outbox: claims of 50, of claims of one", fifty / one, 10)


async def words(bench: Bench) -> None:
    classify, extract = await asyncio.to_thread(parts.classification)
    bench.raw["words us"] = {"classify": classify, "extract_tags": extract}
    bench.ratio("classifying 100 characters, of jieba.analyse.extract_tags", extract / classify, 3)


async def classifiers(bench: Bench) -> None:
    """Ours and what an ordinary programmer would take, on sentences that none of them has learned from."""
    from benchmarks.classifier_tables import show
    from benchmarks.classifiers import compare, lead

    found = await asyncio.to_thread(compare, bench.data)
    show(bench.console, found)
    bench.raw["classifiers"] = found
    for name, value in lead(found["rows"]).items():
        bench.ratio(name, value, 1)


async def repeats(bench: Bench) -> None:
    """Who else told of the same matter: asked of an index of few and of many open cases, and by looking at each."""
    from benchmarks.repeats import measure

    table = Table("open cases", "median", "19 of 20", "each compared", "missed", "index", "to add one", title="Repeats")
    for cases in (1_000, 100_000):
        found = await asyncio.to_thread(measure, cases)
        table.add_row(
            f"{cases:,}", f"{found.median:.2f} ms", f"{found.late:.2f} ms", f"{found.scan:,.0f} ms",
            f"{found.missed} of {found.expected}", f"{found.megabytes:.0f} MB", f"{found.learning:.0f} µs",
        )  # fmt: skip
        bench.raw[f"repeats {cases}"] = asdict(found)
    bench.console.print(table)
    bench.most(f"repeats of one message among {cases:,} open cases, median", found.median, 5, " ms")
    bench.ratio("comparing with each of them, of that", found.scan / found.median, 100)


async def growth(bench: Bench) -> None:
    """The same work on a database with few and with many cases, in turns."""
    async with contextlib.AsyncExitStack() as stack:
        running: dict[int, Running] = {}
        for cases in bench.cases:
            folder = bench.place()
            async with ours(folder, bench.crowd.api.url) as first:
                database = first.database
            await asyncio.to_thread(parts.fill, database, cases)
            running[cases] = await stack.enter_async_context(ours(folder, bench.crowd.api.url))
            await bench.load(running[cases], 8, 2)
        found: dict[int, list[Result]] = {cases: [] for cases in bench.cases}
        for _ in range(max(bench.rounds, 2)):
            for cases, one in running.items():
                found[cases].append(await bench.load(one, 32))
    table = Table("cases", "messages/s", "µs of core", title="How cost grows, at 32 connections")
    core = {cases: statistics.median(run.core for run in runs) for cases, runs in found.items()}
    for cases, runs in found.items():
        rate = statistics.median(run.rate for run in runs)
        table.add_row(f"{cases:,}", f"{rate:,.0f}", f"{core[cases]:,.0f}")
        bench.raw[f"growth {cases}"] = [{"rate": run.rate, "core_us": run.core} for run in runs]
    bench.console.print(table)
    few, many = min(bench.cases), max(bench.cases)
    bench.most(f"core a message at {many:,} cases, of that at {few:,}", core[many] / core[few], 1.3, " ×")


async def start(bench: Bench) -> None:
    """Start-up and memory of `serve` with the demo data, on an empty folder and on one that was served before."""
    for bots, most_seconds, most_memory in ((0, 2.0, 160.0), (2, 6.0, 360.0)):
        folder = bench.place()
        answers, ready, memory = [], [], []
        for _ in range(3):
            async with ours(folder, bench.crowd.api.url, bots=bots) as running:
                answers.append(running.answers)
                ready.append(running.ready)
                memory.append(running.memory)
        label = "both bots" if bots else "no Telegram"
        bench.raw[f"start {label}"] = {"answers": answers, "ready": ready, "memory": memory}
        beside = f"; bots are there after {min(ready[1:]):.1f} s" if bots else ""
        bench.most(
            f"serve, {label}: answers /health (first start {answers[0]:.1f} s{beside})",
            min(answers[1:]), most_seconds, " s",
        )  # fmt: skip
        bench.most(f"serve, {label}: memory then", max(memory), most_memory, " MB")


@contextlib.asynccontextmanager
async def _crowd() -> AsyncIterator[Crowd]:
    crowd = Crowd()
    await crowd.api.start()
    try:
        yield crowd
    finally:
        await crowd.api.stop()
        if crowd.api.unknown:
            print("the fake Bot API did not know:", ", ".join(sorted(crowd.api.unknown)), file=sys.stderr)


async def run(arguments: argparse.Namespace) -> int:
    console = Console(width=None if sys.stdout.isatty() else 120)
    keep_off_server_core()
    with tempfile.TemporaryDirectory(prefix="mashang-bench-", dir=arguments.folder) as folder:
        async with _crowd() as crowd:
            bench = Bench(
                seconds=arguments.seconds, rounds=arguments.rounds, cases=arguments.cases, crowd=crowd,
                folder=Path(folder), console=console, data=arguments.data, verbose=arguments.verbose,
            )  # fmt: skip
            console.print(parts.machine(bool(server_core())))
            for name in arguments.only:
                with console.status(name):
                    try:
                        await globals()[name](bench)
                    except (Broken, RuntimeError) as error:
                        bench.figures.append(Figure(name, f"broke: {error}", "", False))
    table = Table("figure", "measured", "asked", "", title="make bench")
    for figure in bench.figures:
        mark = "–" if figure.met is None else "✓" if figure.met else "✗"
        table.add_row(figure.name, figure.shown, figure.asked, mark)
    console.print(table)
    console.print(parts.load_average())
    if arguments.json:
        figures = [{"name": f.name, "measured": f.shown, "asked": f.asked, "met": f.met} for f in bench.figures]
        arguments.json.write_text(json.dumps({"figures": figures, "raw": bench.raw}, ensure_ascii=False, indent=1))
    return 0 if all(figure.met is not False for figure in bench.figures) else 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="Short runs, one round.")
    parser.add_argument("--seconds", type=float, help="Length of each run (4; 2 with --quick).")
    parser.add_argument("--rounds", type=int, help="Turns that each contestant gets (3; 1 with --quick).")
    parser.add_argument("--cases", default="1000,50000", help="Sizes of the database for the growth of cost.")
    parser.add_argument("--only", default=",".join(PARTS), help="Which parts.")
    parser.add_argument("--data", type=Path, default=data_folder(), help="Lent messages to compare classifiers on.")
    parser.add_argument("--json", type=Path, help="Write everything measured here as well.")
    parser.add_argument("--verbose", action="store_true", help="Tell every single run.")
    parser.add_argument("--folder", type=Path, help="Where databases are made; the disk that is measured.")
    arguments = parser.parse_args()
    arguments.seconds = arguments.seconds or (2.0 if arguments.quick else 4.0)
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 3)
    arguments.cases = sorted(int(size) for size in arguments.cases.split(","))
    arguments.only = [name for name in arguments.only.split(",") if name]
    if unknown := set(arguments.only) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    import uvloop

    sys.exit(uvloop.run(run(arguments)))


if __name__ == "__main__":
    main()
