"""Measure how language models behave, well enough to ship on."""

__version__ = "0.1.0"
