"""What the desk asks of a text: looked at once, and to its end."""

import pytest

from nlp.classify import Classifier, Reading
from nlp.taxonomy import default_taxonomy
from routing.directory import Directory
from routing.suggestion import Understanding


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(default_taxonomy())


def test_several_questions_about_one_text_read_it_once(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    really_read = classifier.read

    def counting(text: str) -> Reading:
        read.append(text)
        return really_read(text)

    monkeypatch.setattr(classifier, "read", counting)
    understanding = Understanding(classifier)
    understanding.danger("路灯不亮")
    understanding.integrity("路灯不亮")
    understanding.suggest("路灯不亮", Directory())
    assert read == ["路灯不亮"]


@pytest.mark.parametrize("place", [0, 4_990, 12_000])
def test_a_danger_is_found_wherever_it_stands(classifier: Classifier, place: int) -> None:
    text = "路" * place + "，家里有煤气味，" + "路" * (13_000 - place)
    danger = Understanding(classifier).danger(text)
    assert danger is not None
    assert danger.code == "S_GAS"
    assert danger.words == ("煤气味",)


def test_what_is_asked_singly_is_what_the_classification_says(classifier: Classifier) -> None:
    understanding = Understanding(classifier)
    for text in ("家里有煤气味", "村主任收了我两万块红包", "路灯不亮"):
        whole = classifier.classify(text)
        assert (understanding.danger(text), understanding.integrity(text)) == (whole.safety, whole.integrity)
