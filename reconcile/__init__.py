"""Keeps the schedules of a Quartz-based scheduling service equal to what YAML files in Git declare."""
