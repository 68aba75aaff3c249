//! Turns a workspace into a snapshot.
