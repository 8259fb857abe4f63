"""What people say about items: comments, replies, mentions."""
