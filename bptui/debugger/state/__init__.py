"""What a person chose, and where the run stands."""
