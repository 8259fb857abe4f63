"""Organisations: tenants, members, roles, and how a new one is set up from ``alm_meta/seed``."""
