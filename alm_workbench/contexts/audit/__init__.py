"""What happened, who did it, and why it was allowed or refused."""
