//! What hostile workflows, tenants and requests try, each with a control that shows that the
//! probe works where the defence is off. `README.md` tells which case is where.

mod adapters;
mod bounds;
mod canaries;
mod corpora;
mod exhaustion;
mod inputs;
mod modules;
mod queries;
mod reach;
mod rights;
mod socket;
mod table;
mod tenants;
