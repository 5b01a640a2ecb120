"""Ours against what an ordinary programmer would take: how often right, how sure, and how fast, in one run.

python -m benchmarks.classifiers                     on the project's own sentences, about a minute
python -m benchmarks.classifiers --data FOLDER       on lent messages as well (or MASHANG_DATA), some minutes

All learn from the same texts and are measured on the same others; each gets one text at a time, as a desk does. What
ours does beside (danger, corruption, reasons, the proper way) is within its time and in nobody else's.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.contestants import EXTRA_PACKAGES, ROOT
from benchmarks.labelled_texts import FOLDS, LABEL_MAP, Task, Text, data_folder, lent_messages, own_sentences
from benchmarks.peers.text_classifiers import FastText, KeywordTable, Peer, Words, WordsAndCharacters, added, chances
from nlp.classify import Classifier
from nlp.evaluation_figures import Answer, calibration_error, macro_f1, top
from nlp.evaluation_labels import LabelMap
from nlp.model import Model, load_model, no_model
from nlp.taxonomy import Taxonomy, default_taxonomy
from nlp.training.messages import read_lent
from nlp.training.recipe import train
from nlp.training.science import TrainingError
from nlp.training.table import Table
from nlp.training.texts import own_texts

OURS = "ours"
Chances = Mapping[str, float]


class Contestant(NamedTuple):
    """`ask` gives a text's chances by label; `serve` is what is timed of it, which may do more."""

    name: str
    ask: Callable[[str], Chances]
    serve: Callable[[str], object]
    is_probability: bool
    learned_in: float


def measure(data: Path | None) -> dict[str, Any]:
    """All figures: `rows`, one for each contestant and set, and `missing`, a sentence for each that did not run."""
    taxonomy = default_taxonomy()
    rows: list[dict[str, Any]] = []
    missing: list[str] = []
    own = own_sentences(taxonomy)
    leads = {leaf.code: leaf.lead for leaf in taxonomy.leaves}
    for contestant in _contestants(own, missing, [ours(OURS, Classifier(taxonomy))]):
        rows += (_row(own, name, contestant, leads) for name in own.tests)
    if data is None or not (data / LABEL_MAP).is_file():
        why = "--data FOLDER or MASHANG_DATA names none" if data is None else f"{data} has no {LABEL_MAP}"
        missing.append(f"lent messages: {why}")
    else:
        task, labels = lent_messages(data, taxonomy)
        for contestant in _contestants(task, missing, _ours_on(data, labels, taxonomy, missing)):
            rows += (_row(task, name, contestant) for name in task.tests)
    return {"rows": rows, "missing": list(dict.fromkeys(missing))}


def compare(data: Path | None) -> dict[str, Any]:
    """What `measure` gives, in a process of its own that sees the peers' packages. Raises `RuntimeError`."""
    command = [sys.executable, "-m", "benchmarks.classifiers", "--json", *(["--data", str(data)] if data else [])]
    environment = os.environ | {"PYTHONPATH": str(EXTRA_PACKAGES)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:])} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def lead(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """How often ours is right, of the best peer's, by what was measured on which set."""
    found = {}
    for name, task in dict.fromkeys((row["set"], row["task"]) for row in rows):
        accuracy = {row["contestant"]: row["accuracy"] for row in rows if (row["set"], row["task"]) == (name, task)}
        if OURS not in accuracy:
            continue
        best = max((name for name in accuracy if not name.startswith(OURS)), key=accuracy.__getitem__)
        found[f"{task} of {name}: {OURS} right, of {best}"] = accuracy[OURS] / accuracy[best]
    return found


def ours(name: str, classifier: Classifier, labels: LabelMap | None = None) -> Contestant:
    """Our classifier: by leaf, or by what `labels` add leaves up to. All layers are timed."""
    owner = {code: label for label, codes in labels.items() for code in codes} if labels else None

    def ask(text: str) -> Chances:
        leaves = classifier.chances(text)
        return added(leaves, owner) if owner else leaves

    return Contestant(name, ask, classifier.classify, True, 0.0)


def _ours_on(data: Path, labels: LabelMap, taxonomy: Taxonomy, missing: list[str]) -> Iterator[Contestant]:
    """Ours taught without what it is measured with. The shipped model has learned from all of these messages."""
    yield ours(f"{OURS}, rules alone", Classifier(taxonomy, model=no_model()), labels)
    own = own_texts(taxonomy)
    lent = read_lent(data, taxonomy)
    # What has no label is in no test set; near-duplicates of those that are may be, which teaches no label.
    learned_from = tuple(message for message in lent.messages if message.label is None or message.group % FOLDS)
    for name, seen in ((f"{OURS}, own texts", None), (OURS, lent._replace(messages=learned_from))):
        began = time.perf_counter()
        try:
            model = _as_model(train(taxonomy, own, seen, made=""))
        except TrainingError as error:
            missing.append(f"{name}: {error}")
            continue
        took = time.perf_counter() - began
        yield ours(name, Classifier(taxonomy, model=model), labels)._replace(learned_in=took)


def _as_model(table: Table) -> Model:
    """The table as a desk would load it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.npz")
        table.write(path)
        return load_model(path)


def _contestants(task: Task, missing: list[str], first: Iterable[Contestant]) -> Iterator[Contestant]:
    yield from first
    makers: list[Callable[[], Peer]] = [lambda: KeywordTable(task.words), Words, WordsAndCharacters, FastText]
    for make in makers:
        began = time.perf_counter()
        try:
            peer = make()
        except ModuleNotFoundError as error:
            missing.append(
                f"{make.__name__}: no {error.name}; without {EXTRA_PACKAGES.relative_to(ROOT)} `make bench` installs it"
            )
            continue
        peer.fit([text.text for text in task.learn], [text.labels[0] for text in task.learn])
        yield Contestant(peer.name, _asks(peer), peer.scores, peer.is_probability, time.perf_counter() - began)


def _asks(peer: Peer) -> Callable[[str], Chances]:
    return lambda text: chances(peer.scores(text), is_probability=peer.is_probability)


def _row(task: Task, name: str, contestant: Contestant, leads: Mapping[str, str] | None = None) -> dict[str, Any]:
    texts = task.tests[name]
    answers = [_answer(text, contestant.ask(text.text)) for text in texts]
    figures = {
        "accuracy": top(answers, 1),
        "macro_f1": macro_f1(answers),
        "top3": top(answers, 3),
        "ece": calibration_error(answers) if contestant.is_probability else None,
        "department": _departments(answers, leads, contestant.is_probability) if leads else None,
    }
    return {
        "task": task.name,
        "set": name,
        "n": len(texts),
        "contestant": contestant.name,
        **{key: value if value is None else round(value, 4) for key, value in figures.items()},
        "us": round(_time(contestant.serve, texts), 1),
        "learned_in": round(contestant.learned_in, 1),
    }


def _answer(text: Text, given: Chances) -> Answer:
    return Answer(text.text, 0, frozenset(text.labels), given)


def _departments(answers: Sequence[Answer], leads: Mapping[str, str], is_probability: bool) -> float:
    """How often the likeliest department is right; of what are no chances, and can't be added up, the first leaf's."""
    by_lead = []
    for one in answers:
        given = one.chances if is_probability else {leaf: one.chances[leaf] for leaf in one.ranked[:1]}
        expected = frozenset(leads[leaf] for leaf in one.expected)
        by_lead.append(Answer(one.text, one.line, expected, added(given, leads)))
    return top(by_lead, 1)


def _time(serve: Callable[[str], object], texts: Sequence[Text], most: int = 500) -> float:
    """The median in µs, each text for the first time in a while: all have been asked for once before."""
    taken = []
    for text in texts[:most]:
        began = time.perf_counter()
        serve(text.text)
        taken.append((time.perf_counter() - began) * 1e6)
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=data_folder(), help="Lent messages; MASHANG_DATA if left out.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    arguments = parser.parse_args()
    found = measure(arguments.data)
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False))
        return
    from rich.console import Console

    from benchmarks.classifier_tables import show

    show(Console(width=None if sys.stdout.isatty() else 140), found)


if __name__ == "__main__":
    main()
