//! Takes runs from the queue and drives the sandbox processes.
