"""People rate replies: what they are asked, the page they are asked on, and where marks go."""
