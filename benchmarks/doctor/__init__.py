"""The doctor's benchmark: sick and healthy training programs, and how often a diagnosis and a treatment are right."""
