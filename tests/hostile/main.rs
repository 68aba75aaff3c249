//! What hostile workflows, tenants and requests try, each with a control that shows that the
//! probe works where the defence is off. `README.md` tells which case is where.

mod adapters;
mod canaries;
mod exhaustion;
mod inputs;
mod modules;
mod reach;
mod rights;
mod socket;
mod table;
mod tenants;
