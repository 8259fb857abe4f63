"""Items of the types a project's active manifest declares: requirements, defects, tasks, tests, …"""
