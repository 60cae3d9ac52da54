"""Show results: on the terminal, as Markdown, as JSON. The numbers are the same everywhere."""
