"""Where scenarios play: worlds of tools, pure functions of the calls that are made in them."""
