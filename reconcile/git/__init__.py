"""Git, through the git program: trees of files, revisions, and refs.

`repository` finds the repository whose work tree holds a folder, and runs git on it; `program` starts git so that it
never waits or hangs, and `configuration` sets aside the repository's settings that name programs or hold credentials.
Two trees of files are built on it: `worktree` (the folder on disk) and `revision` (the folder at a commit); `symlinks`
says for both where a link leads. `promised` fetches the files of a commit that a partial clone does not hold.
`clean_check` lists what was read and is not committed. `refs` names revisions and the refs of ledgers; `remote` makes
the calls to other repositories; `old_ref` reads what an older version left.
A ledger in Git is a `shared_ref`, moved by compare-and-swap from a `scratch` repository of the run's own.
"""
