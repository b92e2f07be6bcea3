"""The debugger without a screen."""
