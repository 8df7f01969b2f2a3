"""The one condition language: a tree, read as Python over facts and as SQL over tables. No framework, no clock.

``reading.read`` makes nodes of JSON or says why not; ``closures.closure`` and ``sql.compiled`` are the two readings,
``anchors.anchors`` is what an index of rules may count on, ``explaining.explain`` answers "why not?". A package that
has something to ask adds ``types.Field``s to a registry.
"""
