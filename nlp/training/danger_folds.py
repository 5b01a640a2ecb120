"""How much danger and corruption is caught, measured in folds of our own sentences.

    python -m nlp.training.danger_folds

Each sentence is judged by the rules, their context, and columns learned without its fold, at thresholds
put where the recipe puts them. No lent message is needed. Written by the same hand as what is learned
from, so new people's sentences are caught less often; the near-misses are harder than everyday messages.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nlp.context import Cues
from nlp.evaluation import Example, read_examples
from nlp.integrity import find_integrity, integrity_rules
from nlp.matching import Matcher
from nlp.model import INTEGRITY, SAFETY
from nlp.normalise import Colloquial, normalise
from nlp.result import Learned
from nlp.safety import find_safety, safety_rules
from nlp.taxonomy import Taxonomy, default_taxonomy
from nlp.training.learn import Floats, hinge
from nlp.training.numbers import RECIPE, Recipe
from nlp.training.pieces import find_pieces, matrix
from nlp.training.texts import EXAMPLES, Taught, own_texts
from nlp.training.vocabulary import choose

NEAR: Final = {SAFETY: "近似·安全", INTEGRITY: "近似·廉洁"}
"""In the note of a sentence: it sounds like danger, or like corruption, and is none."""

Mask = npt.NDArray[np.bool_]


class Share(NamedTuple):
    """Of ``n`` sentences of a ``kind``, the shares (0 to 1) that raise the louder alarm and the quieter one."""

    column: str
    kind: str
    n: int
    loud: float
    quiet: float


def measure(taxonomy: Taxonomy, recipe: Recipe = RECIPE) -> list[Share]:
    """Measure; takes minutes, most of them for learning two columns in each fold."""
    colloquial = Colloquial(dict(taxonomy.colloquial), taxonomy.colloquial_kept)
    examples = [e for e in read_examples(EXAMPLES[0]) if normalise(e.text, colloquial).text]
    texts = own_texts(taxonomy)
    scores = np.stack([_scores(texts, column, taxonomy, recipe)[: len(examples)] for column in (SAFETY, INTEGRITY)])
    rules, cues = Matcher([*safety_rules(taxonomy), *integrity_rules(taxonomy)]), Cues(taxonomy.safety.context)
    dangers: list[str] = []
    hints: list[str] = []
    for example, score in zip(examples, scores.T.tolist(), strict=True):
        form = normalise(example.text, colloquial)
        hits = rules.scan(form.text)
        danger = find_safety(taxonomy, cues, hits, form, Learned(*score))
        hint = find_integrity(taxonomy.integrity, hits, form, Learned(*score))
        dangers.append(danger.level if danger else "")
        hints.append(hint.level if hint else "")
    return [
        *_shares(examples, SAFETY, dangers, ("hard", "soft")),
        *_shares(examples, INTEGRITY, hints, ("sealed", "hold")),
    ]


def _scores(texts: Sequence[Taught], column: str, taxonomy: Taxonomy, recipe: Recipe) -> Floats:
    """Give each text's score by a column that has not learned from it, less the threshold."""
    answers = [text.danger if column == SAFETY else text.corruption for text in texts]
    known = np.array([answer is not None for answer in answers])
    right = np.array([bool(answer) for answer in answers])
    found = find_pieces([text.text for text in texts])
    vocabulary = choose(found, len(texts), find_pieces([]), [], taxonomy.words())
    rows = matrix(found, len(texts), vocabulary.keys, vocabulary.worths)
    weights = np.where(right, recipe.alarm_weight, 1.0).astype(np.float32)
    scores = np.zeros(len(texts), dtype=np.float32)
    for fold in range(recipe.folds):
        inside = np.arange(len(texts)) % recipe.folds == fold
        seen = known & ~inside
        part = hinge(rows[seen], right[seen], weights[seen], recipe.alarm_looseness)
        scores[inside] = part.scores(rows[inside])[:, 0]
    share = recipe.danger_share if column == SAFETY else recipe.corruption_share
    less: Floats = scores - np.float32(np.quantile(scores[known & ~right], 1 - share))
    return less


def _shares(examples: Sequence[Example], column: str, given: Sequence[str], levels: tuple[str, str]) -> list[Share]:
    levelled = np.array(given)
    meant = np.array([any(answer.partition(":")[0] == column for answer in e.expected) for e in examples])
    near = ~meant & np.array([NEAR[column] in e.note for e in examples])
    kinds: dict[str, Mask] = {"meant": meant, "near-miss": near, "other": ~meant & ~near}
    return [
        Share(column, kind, int(mask.sum()), *(float((levelled[mask] == level).mean()) for level in levels))
        for kind, mask in kinds.items()
    ]


def main() -> None:
    """Print the shares in a hundred."""
    print(f"{'column':8}{'sentences':12}{'n':>6}{'hard/sealed':>13}{'soft/held':>11}")
    for share in measure(default_taxonomy()):
        print(f"{share.column:8}{share.kind:12}{share.n:6}{100 * share.loud:13.1f}{100 * share.quiet:11.1f}")


if __name__ == "__main__":
    main()
