"""The layer of the library that keys and signatures are in."""
