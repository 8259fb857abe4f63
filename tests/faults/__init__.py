"""Faults: what is left when databases, servers, disks and clocks fail under load."""
