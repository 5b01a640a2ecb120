"""All texts of a training as rows of pieces."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from nlp.training.learn import Step
from nlp.training.messages import Lent
from nlp.training.pieces import find_pieces, matrix
from nlp.training.texts import Taught
from nlp.training.vocabulary import Vocabulary, choose


class Space(NamedTuple):
    """``own`` and ``lent`` have a row a text (scipy CSR) over the vocabulary."""

    vocabulary: Vocabulary
    own: Any
    lent: Any


def make_space(own: Sequence[Taught], lent: Lent | None, words: Sequence[str], tell: Step) -> Space:
    """Choose the vocabulary and turn all texts into rows."""
    tell("pieces", 0.0)
    messages = lent.messages if lent else ()
    near, far = find_pieces([text.text for text in own]), find_pieces([message.text for message in messages])
    tell("pieces", 0.4)
    vocabulary = choose(near, len(own), far, [message.group for message in messages], words)
    tell("pieces", 0.8)
    return Space(
        vocabulary,
        matrix(near, len(own), vocabulary.keys, vocabulary.worths),
        matrix(far, len(messages), vocabulary.keys, vocabulary.worths),
    )
