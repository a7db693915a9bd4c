"""The embedded scheduler: a stand-in for the scheduling service, to try, test and rehearse on.

`reconcile.twin.server.serve` runs one, `reconcile.twin.testing` runs one inside a test, and `reconcile.twin.control`
speaks to one that runs. Nothing is imported here, so that importing the package costs nothing.
"""
