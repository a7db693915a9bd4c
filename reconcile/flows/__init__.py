"""Flows over several ports: observe the service, apply a plan in waves, read histories.

A flow calls the engine for each decision and a port for each effect, and imports no edge. `observe` reads and confirms
absence, `apply` runs canaries and waves, `wave` is one of them: read again, record intents, save, read back, settle,
record outcomes. `closing` looks once more at the end.
"""
