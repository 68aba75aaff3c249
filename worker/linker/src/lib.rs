//! Turns the base component into one shared code module, a memory image and a wrapper.
