"""A server that runs outside of the sandbox already, in the place of the one that a suite would start."""
