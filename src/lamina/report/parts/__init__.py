"""The parts of a report, one a module: each turns its subject into what is said and drawn."""
