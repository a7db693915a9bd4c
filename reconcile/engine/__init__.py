"""The verbs: resolve, diff, plan, guard, settle, drift, explain. Functions from values to values; pure.

`resolve` turns documents into the desired schedules, `diff` and `plan` hold them against live, `guard` says what must
not be saved, and `settle` is the table that says what the next step of a save is. Nothing here prints, waits or reads.
"""
