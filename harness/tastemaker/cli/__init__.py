"""Read arguments, call one function a stage, choose the exit code."""
