"""Projects: where items live, and which manifest version rules there since when."""
