"""Reports: one view of a plan, run, drift, history or list of findings, and one function for each format. Pure.

Values become a document (what JSON shows, and is read back) and a view (what text and markdown show). `escape` makes
text of the service or of YAML fit for each format.
"""
