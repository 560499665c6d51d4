"""Fuzz targets to learn from. Run all of them with ``fuzzseq run fuzzseq.examples.NAME``, or read them in this order.

``attention_translator``
    a healthy LSTM translator with attention: what a declared fuzz target looks like.
``padding``
    rows of different lengths before an Embedding: unpadded, padded with an id that the table does not have, and right.
``initial_state``
    a decoder LSTM whose initial state is one unit too wide, and one whose state is right.
``targets``
    integer targets given to ``CategoricalCrossentropy``, and two ways to put it right.

Every function that is decorated with ``@fuzz_target`` is a target of its own.
"""
