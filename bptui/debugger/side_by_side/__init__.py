"""Several runs: which there are, and two of them step by step."""
