"""What is learned from, and that a wrong line is named."""

from pathlib import Path

import pytest

from nlp.taxonomy import Taxonomy, default_taxonomy
from nlp.training.science import TrainingError
from nlp.training.texts import Taught, own_texts, targets


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "sentences.tsv"
    path.write_text("\n".join(("text\texpected\tnote", *lines)), encoding="utf-8")
    return path


def sentence(path: Path, taxonomy: Taxonomy) -> Taught:
    return own_texts(taxonomy, [path], None)[0]


def test_every_leaf_has_sentences_associations_and_keywords() -> None:
    taxonomy = default_taxonomy()
    weights: dict[str, set[float]] = {}
    for text in own_texts(taxonomy):
        for code in text.leaves:
            weights.setdefault(code, set()).add(text.weight)
    assert {leaf.code for leaf in taxonomy.leaves} == weights.keys()
    assert all(len(kinds) == 3 for kinds in weights.values())


@pytest.mark.parametrize(
    ("expected", "leaves", "danger", "corruption"),
    [
        ("CG04", {"CG04"}, False, False),
        ("CG04/GY01", {"CG04", "GY01"}, False, False),
        ("SAFETY:S_FIRE", set(), True, False),
        ("GY01/SAFETY:S_GAS", {"GY01"}, None, False),
        ("INT", set(), False, True),
        ("GY01/INT", {"GY01"}, False, None),
        ("NONE", set(), False, False),
    ],
)
def test_what_a_sentence_teaches(
    tmp_path: Path,
    small_taxonomy: Taxonomy,
    expected: str,
    leaves: set[str],
    danger: bool | None,
    corruption: bool | None,
) -> None:
    given = sentence(written(tmp_path, f"门口的事\t{expected}\t"), small_taxonomy)
    assert (set(given.leaves), given.danger, given.corruption) == (leaves, danger, corruption)


def test_sentences_are_in_matching_form(tmp_path: Path, small_taxonomy: Taxonomy) -> None:
    assert sentence(written(tmp_path, "路燈 不亮(lù dēng)\tCG04\t"), small_taxonomy).text == "路灯不亮"


def test_a_code_that_is_no_leaf_is_named(tmp_path: Path, small_taxonomy: Taxonomy) -> None:
    with pytest.raises(TrainingError, match=r"sentences.tsv, sentence 2: .*'XX99'"):
        own_texts(small_taxonomy, [written(tmp_path, "灯不亮\tCG04\t", "水没了\tXX99\t")], None)


def test_an_association_of_an_unknown_leaf_is_named(tmp_path: Path, small_taxonomy: Taxonomy) -> None:
    path = tmp_path / "associations.tsv"
    path.write_text("code\tsaid\nXX99\t黑灯瞎火\n", encoding="utf-8")
    with pytest.raises(TrainingError, match=r"associations.tsv:2: needs a leaf"):
        own_texts(small_taxonomy, [], path)


def test_right_leaves_share_the_chances_evenly() -> None:
    rows = targets([Taught("灯", frozenset({"B"})), Taught("水", frozenset({"A", "B"}))], {"A": 0, "B": 1})
    assert rows.tolist() == [[0, 1], [0.5, 0.5]]
