"""The engines ours are measured beside; they run in an environment of their own."""
