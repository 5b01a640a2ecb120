"""The regression sets: figures measured on 22 November 2026, with floors a little below.

``utterances.tsv`` was at hand when the taxonomy was written, so its figures say that nothing
broke, not how good the suggestions are. ``fresh.tsv`` was written afterwards, around the
keywords; it says more, and nothing is tuned on it. ``knew_categories.tsv`` and ``names_only.tsv``
are what people say in their own words, by writers who saw the taxonomy, and only its names.
"""

from collections import Counter
from pathlib import Path

import pytest

from nlp.classify import Classifier
from nlp.evaluation import EXAMPLES_PATH, Example, ExampleError, evaluate, read_examples

FRESH = Path(__file__).with_name("fresh.tsv")
OWN_WORDS = [Path(__file__).with_name(name) for name in ("knew_categories.tsv", "names_only.tsv")]
TO_LEARN_FROM = EXAMPLES_PATH.with_name("examples.tsv")


def test_known_utterances(classifier: Classifier) -> None:
    report = evaluate(classifier, read_examples())
    assert report.n == 152
    assert report.leaf_top1 >= 0.95
    assert report.leaf_top3 >= 0.98
    assert report.department_top1 >= 0.96
    assert report.none <= 0.01
    assert report.safety_recall == 1.0
    assert report.integrity_recall == 1.0
    assert report.false_alarms_hard <= 0.01
    assert report.false_alarms_soft <= 0.01
    assert report.integrity_false_alarms == 0.0


def test_fresh_utterances(classifier: Classifier) -> None:
    report = evaluate(classifier, read_examples(FRESH))
    assert report.leaf_top1 >= 0.55
    assert report.leaf_top3 >= 0.65
    assert report.department_top1 >= 0.6
    assert report.safety_recall >= 0.6
    assert report.false_alarms_hard <= 0.08
    assert report.integrity_false_alarms == 0.0


@pytest.mark.parametrize("path", OWN_WORDS, ids=lambda path: path.stem)
def test_what_people_say_in_their_own_words(classifier: Classifier, path: Path) -> None:
    """Keywords alone: docs/classification.md has what a learned model reached."""
    report = evaluate(classifier, read_examples(path))
    assert report.leaf_top1 >= 0.36
    assert report.leaf_top3 >= 0.47
    assert report.department_top1 >= 0.41
    assert report.safety_recall >= 0.09
    assert report.false_alarms_hard <= 0.04
    assert report.false_alarms_soft <= 0.02
    assert report.integrity_false_alarms <= 0.01


def test_no_example_to_learn_from_is_one_to_measure_with() -> None:
    learned = {example.text for example in read_examples(TO_LEARN_FROM)}
    for path in (EXAMPLES_PATH, FRESH, *OWN_WORDS):
        assert learned.isdisjoint(example.text for example in read_examples(path)), path.name


def test_every_leaf_has_examples_to_learn_from(classifier: Classifier) -> None:
    counts = Counter(code for example in read_examples(TO_LEARN_FROM) for code in example.expected)
    assert all(counts[leaf.code] >= 15 for leaf in classifier.taxonomy.leaves)


def test_counts() -> None:
    class Lamp:
        """Says street lamp to everything, with a soft alarm."""

        def __init__(self, real: Classifier) -> None:
            self.taxonomy = real.taxonomy
            self._answer = real.classify("路灯不亮，撑不下去了")

        def classify(self, text: str) -> object:
            return self._answer

    from nlp.taxonomy import default_taxonomy

    rows = [
        Example("灯", frozenset({"CG04"})),
        Example("狗", frozenset({"CG08"})),
        Example("学校", frozenset({"JY01"})),
        Example("火", frozenset({"SAFETY"})),
        Example("你好", frozenset({"NONE"})),
    ]
    report = evaluate(Lamp(Classifier(default_taxonomy())), rows)  # type: ignore[arg-type]
    assert report.n == 5
    assert report.leaf_top1 == pytest.approx(1 / 3)
    assert report.department_top1 == pytest.approx(2 / 3)
    assert report.safety_recall == 1
    assert report.false_alarms_soft == 1
    assert report.false_alarms_hard == 0
    assert report.integrity_recall == 0


def test_every_expected_code_exists(classifier: Classifier) -> None:
    taxonomy = classifier.taxonomy
    known = {
        *(leaf.code for leaf in taxonomy.leaves),
        *(f"SAFETY:{rule.code}" for rule in taxonomy.safety.rules),
        *(f"OOS:{rule.code}" for rule in taxonomy.out_of_scope),
        *(f"INTENT:{rule.code}" for rule in taxonomy.intents),
        *("SAFETY", "INT", "SPAM", "NONE"),
    }
    for path in (EXAMPLES_PATH, FRESH, *OWN_WORDS, TO_LEARN_FROM):
        for example in read_examples(path):
            assert example.expected <= known, f"{path.name}: {example.text}"


def test_a_line_without_an_answer_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.tsv"
    path.write_text("text\texpected\n路灯不亮\tCG04\n路灯\n", "utf-8")
    with pytest.raises(ExampleError, match=r"rows\.tsv:3: needs a text, a tab"):
        read_examples(path)


def test_the_report_is_plain_json(classifier: Classifier) -> None:
    report = evaluate(classifier, read_examples()[:5]).to_json()
    assert report["n"] == 5
    assert {"leaf_top1", "leaf_top3", "department_top1", "safety_recall"} <= set(report)
