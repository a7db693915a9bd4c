"""The nouns: keys, schedules, live rows, changes, plans, outcomes, findings, runs. Frozen values; pure.

A `Change` holds what is desired, what was last applied and what is live of one key; its verdict, its conditions, its
fields and its action are properties that it computes from the three.
"""
