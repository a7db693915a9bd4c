"""The scheduling service's HTTP API, for one run: `open_client`, then a `ServiceReader` or a `ServiceWriter` over it.

A reader makes batches of keys, a writer makes saves. Both give them as calls to a `dispatcher`, which refuses every
operation that it was not made for: a reader's has no save. It runs the calls in the threads of a `pool`, within a
`rate_limit` and a budget of `retries`. `wire`, which alone knows the names of the API, turns a call into the body of a
request; the `transport` sends it to the `endpoint` over the `thread_session` of its thread, and returns a reply, or why
there is none (`messages`, `causes`). `query_answer` and `writer` hold the tables of what each reply means; they look
for `reported_errors`, and `diagnostics` words what could not be read. `redact` keeps secrets out of all texts.

Importing this is cheap: the HTTP library is imported when a client is opened.
"""

from reconcile.service.client import Client, open_client
from reconcile.service.reader import ServiceReader
from reconcile.service.system_clock import SystemClock
from reconcile.service.writer import ServiceWriter

__all__ = ["Client", "ServiceReader", "ServiceWriter", "SystemClock", "open_client"]
