"""Files attached to items: received in streams, kept by their content outside the database, given back as they came."""
