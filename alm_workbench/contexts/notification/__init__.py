"""What people are told of: who watches which item, and everybody's own list of what happened there."""
