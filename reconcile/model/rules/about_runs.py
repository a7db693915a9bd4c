"""Rules about what a run meets: the service's replies, Git, the ledger, and what became of its saves."""

from __future__ import annotations

from reconcile.model.rules.rule import Rule, Severity


class ReplyRule(Rule):
    """Why a key is unreadable, and what else is odd about the service's replies."""

    SERVICE_UNREACHABLE = (
        "service-unreachable",
        "No connection: refused, no such host, the proxy says no, the TLS handshake fails.",
        "Check `url` and the proxy variables, and whether the service is up.",
    )
    CERTIFICATE_REFUSED = (
        "certificate-refused",
        "The service's certificate is not one to trust. Not repeated.",
        "Check `ca_bundle` and `url`.",
    )
    SERVICE_TIMEOUT = (
        "service-timeout",
        "No connection or no complete reply in time, or HTTP 408.",
        "See whether the service is overloaded; `timeout` and `concurrency` can be set for the environment.",
    )
    CONNECTION_LOST = (
        "connection-lost",
        "The connection broke before the reply was complete, or the reply is not HTTP.",
        "See whether the service, or a proxy before it, restarted, and run again.",
    )
    SERVICE_ERROR = ("service-error", "HTTP 5xx.", "See the log of the service, or of a gateway before it.")
    RATE_LIMITED = ("rate-limited", "HTTP 429.", "Set `rate` or a lower `concurrency` for the environment.")
    REQUEST_REFUSED = (
        "request-refused",
        "Another HTTP 4xx; or HTTP 200 with an error beside empty data, to a history. Not repeated.",
        "Check `url`, `headers`, and the paths and `success_codes` of `service:`, as the hint says.",
    )
    UNEXPECTED_STATUS = (
        "unexpected-status",
        "An HTTP status that the API does not know, such as 204. Not repeated.",
        "See whether `url` is that of the scheduling service.",
    )
    LOGIN_PAGE = (
        "login-page",
        "A redirect, or HTML instead of JSON: a gateway's login page? Not followed, not repeated.",
        "Check the address and the headers of the environment.",
    )
    REPLY_TOO_LARGE = (
        "reply-too-large",
        "The reply is over the size limit of 16 MiB, as sent or decompressed. Not repeated.",
        "Check `url`; a smaller `batch_size` makes smaller replies.",
    )
    REPLY_MALFORMED = (
        "reply-malformed",
        "The reply, or the row of this code, is not JSON or not of the documented shape. Not repeated.",
        "Check `url`, and any proxy in between; `-vv` shows the replies.",
    )
    REPLY_WITHOUT_DATA = (
        "reply-without-data",
        "HTTP 200, no `resp_data` or null, and nothing that says why. Not repeated.",
        "Check `service.query_path` and `service.job_path`, or set `service.unknown_code`.",
    )
    ROW_NOT_ASKED_FOR = (
        "row-not-asked-for",
        "The reply holds a row for a code or a job that was not asked for. Not repeated.",
        "See whether a proxy or a cache in between mixes up replies; `-vv` shows them.",
    )
    UNKNOWN_CODE_ANSWER = (
        "unknown-code-answer",
        "A code, asked for alone, is answered with an error, or otherwise than `service.unknown_code` says.",
        "Set `service.unknown_code` to the value in the hint if that is how a code without a job is answered.",
    )
    ALL_REFUSED = (
        "all-refused",
        "No query has worked yet, and many codes were refused one by one: the others were not asked for.",
        "Check `url`, or set `service.unknown_code` if that is how codes without a job are answered.",
    )
    NOT_ASKED = (
        "not-asked",
        "All earlier calls, of the same tenant or of many tenants, failed: the key was not asked for.",
        "See whether the service is up, and run again.",
    )
    INTERRUPTED = ("interrupted", "The run was stopped first.", "Run again.")
    KEY_NOT_SENDABLE = (
        "key-not-sendable",
        "The tenant or the code holds a character that neither may hold. Nothing was sent.",
        "Correct the tenant or the code.",
    )
    BATCH_TRUNCATED = (
        "batch-truncated",
        "The service cuts long lists of codes silently, so no missing code of this run counts as absent.",
        "Set a smaller `batch_size` for the environment.",
    )
    UNREADABLE = (
        "unreadable",
        "The key could not be read; the plan file does not say why.",
        "Plan again.",
    )
    ERROR_BESIDE_DATA = (
        "error-beside-data",
        "The reply has data and an error beside it; the data was taken.",
        "If the service sends this without an error, set `service.success_codes` to the value in the hint.",
        Severity.NOTE,
    )
    ROW_TWICE = (
        "row-twice",
        "The reply has the same row more than once; it was taken for one job.",
        "Nothing; you may inform the service's operator.",
        Severity.NOTE,
    )
    CLOCK_SKEW = (
        "clock-skew",
        "The clocks of the service and of this runner are more than 60 s apart, by the `Date` of the replies.",
        "Set both by NTP. An apply is refused only where they disagree about a guard (`clocks-disagree`).",
        Severity.WARNING,
    )


class GitRule(Rule):
    """What is odd about the repository."""

    FOREIGN_REPOSITORY = (
        "foreign-repository",
        "Git would use a repository whose work tree does not hold the declarations.",
        "Find out who added it, and remove it; an intended clone can be a submodule.",
    )


class RunRule(Rule):
    """What a run found while it saved, and cannot correct."""

    SAVE_APPENDS = (
        "save-appends",
        "After a save the service holds several jobs for the key: saving adds a job, and the run was stopped.",
        "Remove the surplus job, and set `service.save` to `append`, or to `upsert` if another program added it.",
    )
    LANDED_LATE = (
        "landed-late",
        "At the last read, a key with a save in doubt is not as desired: it landed late, or another program saved.",
        "See who else saves this job, then plan again.",
    )
    MOVED_AFTER = (
        "moved-after",
        "At the last read, a verified key is not as desired any more: another program saved it.",
        "See who else saves this job, then plan again.",
    )
    NOT_READ_AGAIN = (
        "not-read-again",
        "Keys whose saves were in doubt could not be read again at the end of the run.",
        "Run plan, or drift, to read them.",
        Severity.WARNING,
    )
    STAYS_ACTIVE = (
        "stays-active",
        "A job was paused before the run that is rolled back, and a save may have started it.",
        "Pause it in the service, if it is to be paused again.",
        Severity.WARNING,
    )
    HELD_AS_LIVE = (
        "held-as-live",
        "A rollback could not bring back schedules. It holds them, so that no apply makes them worse.",
        "See why each was left alone; change its declaration, or lift the hold with `reconcile release`.",
        Severity.WARNING,
    )
    HOLD_ENDED = (
        "hold-ended",
        "A hold ended: its schedule is declared otherwise than when it was held, or no file declares it any more.",
        "Nothing.",
        Severity.NOTE,
    )
    SOAK_IN_VAIN = (
        "soak-in-vain",
        "No canary fires before the soak's limit.",
        "Soak for a span, raise `--soak-limit`, or apply nearer to the fire.",
    )
    SOAK_NOT_SEEN = (
        "soak-not-seen",
        "The soak does not wait for a canary: it is not active, or fires only after the soak's limit.",
        "Soak for a span, raise `--soak-limit`, or apply nearer to the fire.",
        Severity.WARNING,
    )
    SOAK_NO_FIRE = (
        "soak-no-fire",
        "A canary was not seen to fire before the soak's limit.",
        "Look at its history; see whether `timezone` is the zone in which the service fires.",
    )
    CANARY_RUN_FAILED = (
        "canary-run-failed",
        "A canary fired as scheduled, and its run failed.",
        "The schedule is as desired: look at the job that it runs.",
        Severity.WARNING,
    )


class LedgerRule(Rule):
    """What went wrong with the ledger of a run."""

    LEDGER_UNREADABLE = (
        "ledger-unreadable",
        "The ledger cannot be read, so last applied is not known.",
        "See the hint; `reconcile ledger rebuild` moves a damaged ledger away.",
        Severity.WARNING,
    )
    LEDGER_GONE = (
        "ledger-gone",
        "The ledger that `lineage` names is not there or was taken back; or it went away during the run.",
        "See who moved it, and put the newest ledger back, or push it to its ref.",
        Severity.WARNING,
    )
    LEDGER_BEHIND = (
        "ledger-behind",
        "This repository has seen a later run than the ledger holds, or another ledger: this one is old.",
        "Put the newest ledger back, or go on with this one by `reconcile ledger accept`.",
        Severity.WARNING,
    )
    KNOWN_ELSEWHERE = (
        "known-elsewhere",
        "The ledger holds nothing yet, and another one in the same home knows declared schedules of this service.",
        "If the environment or the workspace has a new name, carry that ledger here by the command in the hint.",
        Severity.WARNING,
    )
    LEDGER_NOT_NOTED = (
        "ledger-not-noted",
        "The repository could not note which run of the ledger it has seen, so an older ledger would not be told.",
        "Let the repository's git directory be written, or ignore it where it is made anew for each run.",
        Severity.NOTE,
    )
    LEDGER_LINEAGE = (
        "ledger-lineage",
        "The ledger in Git is not named by the workspace: if it were deleted, it would be begun anew.",
        "Commit the `lineage` that the message shows beside `ledger`.",
        Severity.NOTE,
    )
    LOCK_LOST = (
        "lock-lost",
        "The run lost its lock: it saved nothing more, and the ledger did not take all that it did.",
        "See `reconcile runs` for who has been applying since, and apply again: open saves are then read and settled.",
    )
    # `ledger-not-written` is about the intents of saves, `ledger-unwritten` about the end of a run. The ids are stable.
    LEDGER_NOT_WRITTEN = (
        "ledger-not-written",
        "The ledger could not record intents, so nothing more was saved.",
        "Correct what the hint names, and run plan and apply again.",
    )
    LEDGER_OPEN_INTENTS = (
        "ledger-open-intents",
        "Saves were made, and the ledger could not record their outcomes.",
        "Run again: the next run reads and settles them.",
    )
    LEDGER_UNWRITTEN = (
        "ledger-unwritten",
        "The ledger could not record the end of the run, or its holds. The saves were made.",
        "Correct what the hint names; the next run settles the open saves.",
    )
