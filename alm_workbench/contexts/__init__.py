"""One folder per bounded context, all with the same rooms: domain, messages, handlers, tables, repository, plugin."""
