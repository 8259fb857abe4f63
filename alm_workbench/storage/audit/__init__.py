"""Seals over the audit trail: making them, keeping their keys, and verifying that nothing was changed since."""
