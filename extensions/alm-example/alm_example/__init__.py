"""An example of a plugin of the ALM workbench."""
