"""Who is asking: users, password log-in, signed tokens, principals."""
