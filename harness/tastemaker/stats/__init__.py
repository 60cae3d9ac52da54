"""Scores into estimates, intervals and tests. Pure: numpy and scipy.special, no files."""
