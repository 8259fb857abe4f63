"""Changing many: the same change of many items, planned first, applied through the guards of single changes, undone once."""
