"""What several files here share."""

import pytest

from nlp.classify import Classifier
from nlp.taxonomy import default_taxonomy


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    """The classifier on the packaged taxonomy; jieba's dictionary is read once for all tests."""
    return Classifier(default_taxonomy())
