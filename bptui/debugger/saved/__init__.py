"""What outlives the program: sessions, settings, reports of faults."""
