"""What plugins keep: values by key, audited, and still readable when the plugin is gone."""
