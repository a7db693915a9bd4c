"""Git, through the git program, and trees of files: a work tree, or a folder at a revision; what was last applied."""
