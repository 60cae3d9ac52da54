"""The judge held against people's marks."""
