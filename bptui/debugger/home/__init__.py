"""Choosing a scenario, and opening it."""
