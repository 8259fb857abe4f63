"""What every context speaks: messages, the Mediator, principals, plugin hooks."""
