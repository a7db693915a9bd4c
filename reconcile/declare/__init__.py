"""Declarations: bytes → documents with places.

``load_workspace`` reads ``reconcile.yaml``, ``load_documents`` the tenant and set files of an environment. Both return
values and findings, and never raise for what a file holds. `engine.resolve` goes on from there; it finds exact places
through ``Documents.locate``, so that every finding, here and there, has its ``place`` and ``line_text`` at once.

    source    bytes → text, and characters that may not stand in it
    scalars   what an unquoted word means
    reader    text → plain values, by parser events           oddities, syntax: its findings
    places    which value → line, column and width, on demand
    gate      does a value fit its schema?                    wording: if not, why not
    files     a file of a tree: read, held against its schema
    workspace, documents
"""

from reconcile.declare.documents import load_documents
from reconcile.declare.workspace import WORKSPACE_FILE, load_workspace

__all__ = ["WORKSPACE_FILE", "load_documents", "load_workspace"]
