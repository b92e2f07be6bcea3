"""What a person does with a run: where they stand, what they look at, and every command. It draws nothing."""
