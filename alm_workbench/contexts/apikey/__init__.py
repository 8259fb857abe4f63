"""Keys of programs: made by a person, never with more rights than that person has at the moment."""
