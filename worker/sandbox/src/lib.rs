//! Runs a workflow in a fresh WebAssembly sandbox.
