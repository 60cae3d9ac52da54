"""The kinds of instruction: what IFEval asks for, and more; each an ordinary check of a text."""
