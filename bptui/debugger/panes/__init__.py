"""The panes: what each shows, and where its cursor is."""
