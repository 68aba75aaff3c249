//! Forms: what a definition says, and what is true of one that is being filled in.
//!
//! ```
//! use bifrost_forms::{Filled, Form};
//! use serde_json::json;
//!
//! let form = Form::read(&json!({
//!     "name": "Order", "workflow": "order",
//!     "fields": [
//!         {"name": "users", "label": "Users", "type": "number", "required": true},
//!         {"name": "reason", "label": "Reason", "type": "text", "visibility_expression": "fields.users > 3"},
//!     ],
//! })).expect("it is a form");
//! let filled = |values| Filled::read(&json!({"values": values})).expect("it is an input");
//! assert!(!form.state(&filled(json!({}))).is_valid());
//! assert!(form.state(&filled(json!({"users": 5}))).fields["reason"].visible);
//! ```
//!
//! It reads no clock and asks nobody, so the browser and the server come to the same: the browser
//! runs this code, compiled to WebAssembly. What holds is what the server comes to.

mod compile;
mod dates;
mod definition;
mod limits;
mod questions;
mod read;
mod state;
#[cfg(test)]
mod tests;
mod values;

pub use compile::check;
pub use definition::{Access, Asked, Choice, Definition, Field, Input, Kind, Problem, Validation};
pub use limits::*;
pub use questions::Question;
pub use state::{FieldState, Filled, State};

/// A form that can be filled in.
#[derive(Clone, Debug)]
pub struct Form {
    definition: Definition,
    fields: Vec<compile::Compiled>,
}

impl Form {
    /// What it was made of.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.definition.fields.iter().find(|field| field.name == name)
    }
}
