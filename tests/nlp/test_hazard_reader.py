"""What is wrong with the cues of danger is told with its line."""

from pathlib import Path

import pytest

from nlp.taxonomy import DEFAULT_PATH, TaxonomyError, load_taxonomy

TEXT = DEFAULT_PATH.read_text("utf-8")


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "taxonomy.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(TaxonomyError) as error:
        load_taxonomy(path)
    return list(error.value.problems)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("- code: nearly\n        loses: 0.5\n", "- code: nearly\n", "needs either 'loses' (it excuses) or 'gains'"),
        ("- code: nearly\n", "- code: nearly\n        gains: 1\n", "needs either 'loses' (it excuses) or 'gains'"),
        ("- code: nearly\n", "- code: past\n", "cue code 'past' is used twice"),
        ("keywords: [差点, 差一点, 险些]", "exclude: [差点意思]", "no 'keywords' and no 'patterns'"),
        ("careful: [S_SELF_HARM", "careful: [S_SELF_HARMS", "unknown rule 'S_SELF_HARMS' in careful"),
        ("loses: 1.5", "loses: -1.5", "must be above 0"),
        ("'像.{1,8}(?:一样|似的)'", "'像.*(?:一样.*)+'", "too costly"),
    ],
)
def test_a_mistake_among_the_cues_is_told_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert TEXT.count(old) == 1
    lines = range(TEXT[: TEXT.index(old)].count("\n") - 1, TEXT[: TEXT.index(old) + len(new)].count("\n") + 3)
    told = problems(tmp_path, TEXT.replace(old, new))
    assert any(message in problem and int(problem.split(":")[1]) in lines for problem in told), told


def test_without_cues_a_word_is_taken_as_it_stands(tmp_path: Path) -> None:
    start, end = TEXT.index("  # What is around such words"), TEXT.index("# Corruption: the sealed track.")
    path = tmp_path / "taxonomy.yaml"
    path.write_text(TEXT[:start] + "\n" + TEXT[end:], "utf-8")
    context = load_taxonomy(path).safety.context
    assert context.cues == ()
    assert not context.careful
