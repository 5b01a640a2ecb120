"""Words to meaning: pure functions over text, without network, database or platform.

The two entry points are :func:`nlp.safety.check_safety` (before anything else, on each
message) and :class:`nlp.classify.Classifier` (which department might handle it, and why).
Importing this package loads nothing heavy; jieba's dictionary is read at the first need, or
by :meth:`nlp.segment.Segmenter.warm`.
"""
