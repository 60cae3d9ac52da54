"""Ask a model about criteria, and read its answer strictly."""
