"""The contract's conformance categories: a pure handler for each, from a case to its output."""
