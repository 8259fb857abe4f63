"""Reports and SQL over the mirror, with the rights of the caller."""
