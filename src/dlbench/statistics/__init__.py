"""Statistics for few seeds: pure functions over arrays and frozen records, no files and no printing.

Nothing is imported here: planning needs `seeds` alone, which must cost no numpy.
"""
