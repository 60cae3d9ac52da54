"""People rate replies: what they are given, and how their marks go out and come in."""
