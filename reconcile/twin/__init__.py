"""The embedded scheduler: a stand-in for the scheduling service, to try, test and rehearse on.

`server` runs one on a port, `in_process` (for pytest: `testing`) runs one in this process, and `control_client` changes
one that runs. A request goes from `app` (`faults` may strike it) to `api`, which reads it and asks the `twin`: its
`jobs`, their `journal`, the `clock`, the `scheduler` with its `fire_times`, and the `store` on disk. `habits` say how
awkward all of this is; `distortion` applies those that change a finished reply. `control_api` answers everything else
(`/_twin/`, the page, OpenAPI), and uses `admin` for what the service's API does not offer. Nothing is imported here, so
that importing the package costs nothing.
"""
