"""The runtime inside the sandbox. Workflows never import it; see `bifrost`."""
