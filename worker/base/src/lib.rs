//! The base component, built from `sdk-python/` and embedded.
