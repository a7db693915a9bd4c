"""Git, through the git program, and trees of files: a work tree now."""
