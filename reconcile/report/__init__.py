"""Reports: one view of a plan, run, drift, history or list of findings, and one function for each format."""
