"""Teach the model that :mod:`nlp.model` reads: from texts whose category is known to one table of weights.

:func:`nlp.training.recipe.train` is the whole of it. Training needs scipy, reading does not.

The file, one uncompressed ``.npz`` (numpy, nothing pickled):

``pieces``
    uint64, ascending. A piece of 1 to 4 characters of the basic plane, of a text in matching
    form, is ``c1<<48 | c2<<32 | c3<<16 | c4``; the parts that a shorter one lacks are 0.
``weights``
    int8, a row for each piece, a column for each name. The piece's idf (words half as much
    again) is multiplied in.
``squares``
    float32, for each piece: its idf squared.
``scale``, ``bias``
    float32, for each column.
``columns``
    The leaf codes of the taxonomy in its order; where messages were lent ``FIELD 1``, ``FIELD 2`` … and
    ``FORMAL``; then ``SAFETY`` and ``INT``.
``header``
    A JSON text: ``format`` (2), ``id``, ``made``, ``taxonomy`` (hash of the leaf codes),
    ``data``, ``recipe``, ``rules`` (what a point of the taxonomy's rules adds to a score),
    ``temperature`` ([[most pieces, temperature], ...]), ``doubt``, ``fields`` (the leaves of each), ``field
    temperature`` and ``field doubt``, ``thresholds``, ``scores``.

A piece counts as often as it stands in a text, three times at most, so that a text is scored by adding up rows:

    score[c] = bias[c] + scale[c] * sum(weights[p, c]) / sqrt(sum(squares[p]))

a leaf's score gets its field's as far as the text is formal, and the chances of the leaves are

    (1 - doubt) * softmax(score / temperature) + doubt * softmax(score / (8 * temperature))
"""
