"""Teams, cycles, capacity, the backlog, areas and the work that people note."""
