"""The Jupyter Server extension: REST derived from the messages, identity, health, static files."""
