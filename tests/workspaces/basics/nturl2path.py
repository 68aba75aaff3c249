"""Named like a module of the standard library, and imported in its place."""

WHOSE = "the workspace's"
