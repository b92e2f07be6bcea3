"""Scenarios as text: TOML, names, lines, data files, and the language of expressions and quantities.

This package returns records (`records.py`) and trees (`trees.py`), and knows nothing of what they mean:
that is the engine's. It imports nothing of bptui outside itself. The ways in are `reader.read_scenario`,
`reader.read_claims`, `expression.read_quantity` and `shipped.find`.
"""
