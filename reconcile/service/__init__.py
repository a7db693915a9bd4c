"""The scheduling service's HTTP API: `open_link`, then a `ServiceReader` or a `ServiceWriter` over the link.

Importing this is cheap: the HTTP library comes with the first link that is opened.
"""

from reconcile.service.link import Link, Statistics, open_link
from reconcile.service.reader import ServiceReader
from reconcile.service.writer import ServiceWriter

__all__ = ["Link", "ServiceReader", "ServiceWriter", "Statistics", "open_link"]
