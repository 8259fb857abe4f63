"""Why somebody may or may not: the whole chain of a right, now or then, and who else has it."""
