"""What the taxonomy's rules say of texts, to be reckoned with where chances are fitted: a classifier adds both up."""

from collections.abc import Iterable

import numpy as np

from nlp.matching import Matcher
from nlp.scoring import Scorer
from nlp.segment import Segmenter
from nlp.taxonomy import Taxonomy
from nlp.training.learn import Floats


def rule_points(taxonomy: Taxonomy, texts: Iterable[str]) -> Floats:
    """Give the rules' points for each leaf (a column each) of texts in matching form."""
    scorer = Scorer(taxonomy, Segmenter(taxonomy.words()))
    matcher = Matcher(scorer.rules())
    place = {leaf.code: number for number, leaf in enumerate(taxonomy.leaves)}
    rows: list[Floats] = []
    for text in texts:
        row = np.zeros(len(place), dtype=np.float32)
        for code, (worth, _) in scorer.points(text, matcher.scan(text)).items():
            row[place[code]] = worth
        rows.append(row)
    return np.stack(rows)
