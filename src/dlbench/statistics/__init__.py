"""Statistics for few seeds: pure functions over arrays and frozen records, no files and no printing.

Nothing is imported here: planning needs only `seeds`, which must not import numpy.
"""
