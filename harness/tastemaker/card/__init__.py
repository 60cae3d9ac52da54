"""Model cards: the table, its settings appendix and what is said beside them, from one object."""
