"""The scheduling service's HTTP API, for one run: `open_client`, then a `ServiceReader` or a `ServiceWriter` over it.

Importing this is cheap: the HTTP library is imported when a client is opened.
"""

from reconcile.service.client import Client, open_client
from reconcile.service.reader import ServiceReader
from reconcile.service.writer import ServiceWriter

__all__ = ["Client", "ServiceReader", "ServiceWriter", "open_client"]
