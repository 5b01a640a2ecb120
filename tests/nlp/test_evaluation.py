"""The regression sets: figures measured on 28 November 2026, with floors a little below.

``utterances.tsv`` was at hand when the taxonomy was written, and the writer of what the model
learns from had read it and ``fresh.tsv``: their figures say that nothing broke, not how good the
suggestions are. The others are what people say in their own words, by writers who had seen none
of the sentences to learn from.
"""

from collections import Counter
from pathlib import Path

import pytest

from nlp.classify import Classifier
from nlp.evaluation import (
    EXAMPLES_PATH,
    Example,
    ExampleError,
    Judged,
    department_answers,
    evaluate,
    judge,
    read_examples,
    report,
    unknown_codes,
)
from nlp.result import Classification, SafetyHit, SafetyLevel
from nlp.training.texts import EXAMPLES

HERE = Path(__file__).parent
FRESH = HERE / "fresh.tsv"
OWN_WORDS = {
    # leaf top 1, top 3, department
    "knew_categories.tsv": (0.86, 0.95, 0.87),
    "names_only.tsv": (0.83, 0.91, 0.84),
    "third_party.tsv": (0.9, 0.95, 0.91),
    "fourth_party.tsv": (0.76, 0.89, 0.81),
}
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
    assert report.false_alarms_soft <= 0.04
    assert report.integrity_false_alarms <= 0.016


def test_fresh_utterances(classifier: Classifier) -> None:
    report = evaluate(classifier, read_examples(FRESH))
    assert report.leaf_top1 >= 0.84
    assert report.leaf_top3 >= 0.96
    assert report.department_top1 >= 0.87
    assert report.safety_recall >= 0.9
    assert report.false_alarms_hard <= 0.03
    assert report.integrity_false_alarms <= 0.052


@pytest.mark.parametrize("name", OWN_WORDS)
def test_what_people_say_in_their_own_words(classifier: Classifier, name: str) -> None:
    report = evaluate(classifier, read_examples(HERE / name))
    top1, top3, department = OWN_WORDS[name]
    assert report.leaf_top1 >= top1
    assert report.leaf_top3 >= top3
    assert report.department_top1 >= department
    assert report.safety_recall >= 0.8
    assert report.integrity_recall >= 0.7
    assert report.false_alarms_hard <= 0.01
    assert report.false_alarms_soft <= 0.08
    assert report.integrity_false_alarms <= 0.09


def test_no_example_to_learn_from_is_one_to_measure_with() -> None:
    learned = {example.text for path in EXAMPLES for example in read_examples(path)}
    for path in (EXAMPLES_PATH, FRESH, *(HERE / name for name in OWN_WORDS)):
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
    for path in (EXAMPLES_PATH, FRESH, *(HERE / name for name in OWN_WORDS), *EXAMPLES):
        for example in read_examples(path):
            assert example.expected <= known, f"{path.name}: {example.text}"


def alarm(classifier: Classifier, code: str, level: SafetyLevel) -> Classification:
    """What is said of a text with this danger in it, and nothing else."""
    return classifier.classify("")._replace(safety=SafetyHit(code, "", (), "", (), level))


def test_false_alarms_are_counted_on_chatter_and_ordinary_matters_only(classifier: Classifier) -> None:
    """What the law sends elsewhere, advertising and wishes are neither: an alarm there is nobody's error."""
    taxonomy, found = classifier.taxonomy, alarm(classifier, "S_FIRE", "hard")
    expected = ["NONE", "CG04", "CG04/NONE", "SPAM", "OOS:O_COURT", "INTENT:praise", "SAFETY", "INT/CG04"]
    judged = [Judged(Example("", frozenset(codes.split("/"))), found, 1.0) for codes in expected]
    figures = report(judged, taxonomy)
    assert (figures.harmless_n, figures.false_alarms_hard) == (3, 1.0)


@pytest.mark.parametrize(
    ("expected", "missed"),
    [("SAFETY", False), ("SAFETY:S_SELF_HARM", False), ("SAFETY:S_FIRE", True), ("SAFETY:S_FIRE/SAFETY", False)],
)
def test_a_danger_must_be_the_right_one_unless_any_counts(classifier: Classifier, expected: str, missed: bool) -> None:
    found = alarm(classifier, "S_SELF_HARM", "hard")
    assert Judged(Example("", frozenset(expected.split("/"))), found, 1.0).danger_missed == missed


def test_asking_whether_they_are_safe_meets_any_danger(classifier: Classifier) -> None:
    found = alarm(classifier, "S_SOFT", "soft")
    assert not Judged(Example("", frozenset({"SAFETY:S_FIRE"})), found, 1.0).danger_missed


def test_departments_are_answers_by_the_lead_of_what_is_expected(classifier: Classifier) -> None:
    rows = [Example("路灯不亮", frozenset({"CG04", "HS01"}), line=2), Example("你好", frozenset({"NONE"}), line=3)]
    (answer,) = department_answers(judge(classifier, rows), classifier.taxonomy)
    assert answer.line == 2
    assert answer.expected == {classifier.taxonomy.categories[code].lead for code in ("CG04", "HS01")}
    assert answer.right


def test_codes_that_nothing_can_meet_are_named(classifier: Classifier) -> None:
    rows = [Example("", frozenset({"CG04", "CG99"})), Example("", frozenset({"SAFETY:S_NONSENSE", "OOS:O_COURT"}))]
    assert unknown_codes(rows, classifier.taxonomy) == ["CG99", "SAFETY:S_NONSENSE"]


HEADING = "text\texpected\n"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (f"{HEADING}路灯不亮\tCG04\n路灯\n".encode(), "row.columns"),
        (f"{HEADING}路灯不亮\tCG04\n路灯\t \n".encode(), "row.columns"),
        (f"{HEADING}路灯不亮\tCG04\n \tCG04\n".encode(), "row.columns"),
        (HEADING.encode(), "file.empty"),
        (b"", "file.empty"),
        (f"{HEADING}路灯不亮\tCG04".encode("gb18030"), "file.utf8"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "rows.tsv"
    path.write_bytes(content)
    with pytest.raises(ExampleError) as refused:
        read_examples(path)
    assert refused.value.key == problem
    assert refused.value.params["file"] == "rows.tsv"
    assert refused.value.params.get("line", 3) == 3


def test_a_problem_names_its_place_to_programmers_as_well() -> None:
    assert str(ExampleError("row.field", file="a.tsv", line=3, field="text")) == "a.tsv:3: row.field {'field': 'text'}"
    assert str(ExampleError("options.text")) == "options.text"


def test_byte_order_mark_line_ends_blank_lines_and_a_huge_text_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.tsv"
    huge = "路" * 350_000
    path.write_bytes(f"\ufefftext\texpected\r\n路灯\tCG04/NONE\t备注\r\n\r\n{huge}\tNONE\r\n".encode())
    assert read_examples(path) == [
        Example("路灯", frozenset({"CG04", "NONE"}), "备注", 2),
        Example(huge, frozenset({"NONE"}), "", 4),
    ]


def test_the_report_is_plain_json(classifier: Classifier) -> None:
    report = evaluate(classifier, read_examples()[:5]).to_json()
    assert report["n"] == 5
    assert {"leaf_top1", "leaf_top3", "department_top1", "safety_recall"} <= set(report)
