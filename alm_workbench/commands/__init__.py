"""The commands of ``alm``, a module for each that is loaded when it is called."""
