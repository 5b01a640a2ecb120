"""What an ordinary good programmer would take instead: four classifiers of short Chinese texts, each in a few lines.

Each learns from texts and labels and then gives one text at a time the labels' scores, highest best. Heavy packages are
imported when they are used; one that is missing raises `ModuleNotFoundError`.
"""

import math
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

#: From so many texts on, fastText needs to see each less often.
_MANY: Final = 10_000


class Peer(Protocol):
    """`is_probability`: whether the scores claim to be chances that can be compared with how often they are right."""

    name: ClassVar[str]
    is_probability: ClassVar[bool]

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> None: ...

    def scores(self, text: str) -> Mapping[str, float]: ...


class KeywordTable:
    """A table of words a label, written by hand: the label with the most of them in the text wins."""

    name: ClassVar[str] = "keyword table"
    is_probability: ClassVar[bool] = False

    def __init__(self, words: Mapping[str, Iterable[str]]) -> None:
        self._words = {label: sorted(set(of_label)) for label, of_label in words.items()}

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        """Nothing is learned."""

    def scores(self, text: str) -> Mapping[str, float]:
        return {label: float(sum(word in text for word in words)) for label, words in self._words.items()}


class Words:
    """jieba's words, TF-IDF, LinearSVC: what most tutorials end with."""

    name: ClassVar[str] = "jieba TF-IDF + LinearSVC"
    is_probability: ClassVar[bool] = False

    def __init__(self) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_pipeline
        from sklearn.svm import LinearSVC

        words = TfidfVectorizer(tokenizer=_cut, token_pattern=None, lowercase=False, sublinear_tf=True)
        self._pipeline: Any = make_pipeline(words, LinearSVC())

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        self._pipeline.fit(texts, labels)

    def scores(self, text: str) -> Mapping[str, float]:
        distances = self._pipeline.decision_function([text])[0]
        return dict(zip(self._pipeline.classes_, map(float, distances), strict=True))


class WordsAndCharacters:
    """Search-mode words and one to four characters, LinearSVC, calibrated by folds: the careful way."""

    name: ClassVar[str] = "words + characters, calibrated"
    is_probability: ClassVar[bool] = True

    def __init__(self) -> None:
        from sklearn.calibration import CalibratedClassifierCV
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_pipeline, make_union
        from sklearn.svm import LinearSVC

        words = TfidfVectorizer(tokenizer=_cut_for_search, token_pattern=None, lowercase=False, sublinear_tf=True)
        characters = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), min_df=2, sublinear_tf=True)
        calibrated = CalibratedClassifierCV(LinearSVC(C=0.5), cv=3, ensemble=False)
        self._pipeline: Any = make_pipeline(make_union(words, characters), calibrated)

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        self._pipeline.fit(texts, labels)

    def scores(self, text: str) -> Mapping[str, float]:
        chances = self._pipeline.predict_proba([text])[0]
        return dict(zip(self._pipeline.classes_, map(float, chances), strict=True))


class FastText:
    """fastText's supervised mode on jieba's words and the characters in them."""

    name: ClassVar[str] = "fastText"
    is_probability: ClassVar[bool] = True
    _MARK: ClassVar[str] = "__label__"

    def __init__(self) -> None:
        import fasttext

        self._train = fasttext.train_supervised
        self._model: Any = None

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "texts.txt")
            lines = (f"{self._MARK}{label} {_one_line(text)}\n" for text, label in zip(texts, labels, strict=True))
            file.write_text("".join(lines), "utf-8")
            # Tried on the own sentences, leaf top-1: pairs of words 30 %, words 35 %, characters within words 48 %.
            # Its default of two million buckets takes 800 MB for tables that stay empty here.
            self._model = self._train(
                input=str(file), epoch=100 if len(texts) < _MANY else 25, lr=0.5, minn=1, maxn=3, bucket=200_000,
                thread=1, seed=1, verbose=0,
            )  # fmt: skip

    def scores(self, text: str) -> Mapping[str, float]:
        # Its own `predict` asks numpy for what numpy 2 refuses.
        found = self._model.f.predict(f"{_one_line(text)}\n", -1, 0.0, "strict")
        return {label.removeprefix(self._MARK): float(chance) for chance, label in found}


def chances(scores: Mapping[str, float], *, is_probability: bool) -> Mapping[str, float]:
    """Scores as positive numbers in the same order; what has no score at all stays without."""
    if is_probability:
        return scores
    total = sum(math.exp(score) for score in scores.values())
    return {label: math.exp(score) / total for label, score in scores.items()} if any(scores.values()) else {}


def added(chances: Mapping[str, float], owner: Mapping[str, str]) -> Mapping[str, float]:
    """Chances added up by who owns a label, such as the department of a leaf."""
    sums: Counter[str] = Counter()
    for label, chance in chances.items():
        if label in owner:
            sums[owner[label]] += chance  # type: ignore[assignment]  # a Counter adds any numbers
    return sums


def _jieba() -> Any:
    import jieba

    return jieba


def _cut(text: str) -> list[str]:
    return [word for word in _jieba().lcut(text) if word.strip()]


def _cut_for_search(text: str) -> list[str]:
    return [word for word in _jieba().lcut_for_search(text) if word.strip()]


def _one_line(text: str) -> str:
    return " ".join(_cut(text))
