"""The verbs: resolve, diff, make a plan, guard, settle, find drift, explain. Functions from values to values; pure.

`resolve` turns what the files say into the desired schedules. `diff` and `make_plan` hold them against live, and
`guard` says what must not be saved. `settle` is the table of the next step of a save. The engine prints, waits for and
reads nothing.
"""
