"""What a person can do: one module for each kind of thing, and the table of all."""
