//! What a form is.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Who may use a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "server", derive(serde::Serialize, utoipa::ToSchema))]
#[cfg_attr(feature = "server", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "server", schema(as = FormAccess))]
pub enum Access {
    /// Everybody of the organization.
    #[default]
    Authenticated,
    /// Whom it was granted to. `role_based` is read as this.
    Granted,
}

impl Access {
    /// The name in a definition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authenticated => "authenticated",
            Self::Granted => "granted",
        }
    }
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// What is filled in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "server", derive(serde::Serialize, utoipa::ToSchema))]
        #[cfg_attr(feature = "server", schema(as = FormFieldType, rename_all = "snake_case"))]
        pub enum Kind {
            $($(#[doc = $doc])+ #[cfg_attr(feature = "server", serde(rename = $name))] $variant,)+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in a definition.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

kinds! {
    /// One line of text.
    Text = "text",
    /// An e-mail address.
    Email = "email",
    /// A number.
    Number = "number",
    /// One of the options, from a list.
    Select = "select",
    /// Any of the options.
    MultiSelect = "multi_select",
    /// Ticked or not.
    Checkbox = "checkbox",
    /// Lines of text.
    Textarea = "textarea",
    /// One of the options, all of them in sight.
    Radio = "radio",
    /// A day, `2026-01-31`.
    Date = "date",
    /// A day and a time, `2026-01-31T08:30`, with or without an offset.
    Datetime = "datetime",
    /// Markdown that is shown.
    Markdown = "markdown",
    /// HTML that is shown.
    Html = "html",
    /// Files that are sent.
    File = "file",
}

impl Kind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// True for what is shown and never filled in.
    pub fn is_content(self) -> bool {
        matches!(self, Self::Markdown | Self::Html)
    }

    /// True for texts that people write as they like.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Email | Self::Textarea)
    }

    /// True for what is chosen among options.
    pub fn is_choice(self) -> bool {
        matches!(self, Self::Select | Self::MultiSelect | Self::Radio)
    }

    /// True for a day, or a day and a time.
    pub fn is_date(self) -> bool {
        matches!(self, Self::Date | Self::Datetime)
    }
}

/// A form: what is filled in, and which workflow gets it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "server", derive(serde::Serialize, utoipa::ToSchema))]
#[cfg_attr(feature = "server", schema(as = FormDefinition))]
pub struct Definition {
    /// One of a kind within its scope.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// What it starts: an id, a name or `path::function`.
    pub workflow: String,
    /// What runs when it is opened; its result, an object, is `context.workflow`.
    pub launch_workflow: Option<String>,
    /// Parameters of the launch workflow; query parameters of the same name win.
    #[cfg_attr(feature = "server", schema(value_type = Object, required = false))]
    pub launch_parameters: Map<String, Value>,
    /// What its address may bring, as `context.query`.
    #[cfg_attr(feature = "server", schema(required = false))]
    pub query_parameters: Vec<String>,
    /// Who may use it.
    #[cfg_attr(feature = "server", schema(required = false))]
    pub access: Access,
    /// At most 50, in the order in which they are shown and decided.
    #[cfg_attr(feature = "server", schema(required = false))]
    pub fields: Vec<Field>,
}

/// One field.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "server", derive(serde::Serialize, utoipa::ToSchema))]
#[cfg_attr(feature = "server", schema(as = FormField))]
pub struct Field {
    /// One of a kind within the form; the workflow's parameter of this name gets the value.
    pub name: String,
    /// What people read; there without fail unless the field is markdown or html.
    pub label: Option<String>,
    /// What is filled in.
    #[cfg_attr(feature = "server", serde(rename = "type"))]
    pub kind: Kind,
    /// True: it has to be filled in; a checkbox has to be ticked.
    #[cfg_attr(feature = "server", schema(required = false))]
    pub required: bool,
    /// It has to be filled in as well where this holds.
    pub required_expression: Option<String>,
    /// Below the field.
    pub help_text: Option<String>,
    /// In the field while nothing is.
    pub placeholder: Option<String>,
    /// There at first.
    #[cfg_attr(feature = "server", schema(value_type = Option<Value>))]
    pub default_value: Option<Value>,
    /// There at first, computed; wins over `default_data_provider` unless it is nothing.
    pub default_expression: Option<String>,
    /// The data provider whose first option's value is there at first; wins over `default_value`
    /// unless it has none.
    pub default_data_provider: Option<String>,
    /// What that data provider is asked with: of fields, only those before this one.
    #[cfg_attr(feature = "server", schema(required = false))]
    pub default_data_provider_inputs: BTreeMap<String, Input>,
    /// Shown only where this holds.
    pub visibility_expression: Option<String>,
    /// Can be changed only where this holds.
    pub enabled_expression: Option<String>,
    /// What the value must be like.
    pub validation: Option<Validation>,
    /// What can be chosen.
    #[cfg_attr(feature = "server", schema(required = false))]
    pub options: Vec<Choice>,
    /// The data provider that says what can be chosen, instead of `options`.
    pub data_provider: Option<String>,
    /// What the data provider is asked with.
    #[cfg_attr(feature = "server", schema(required = false))]
    pub data_provider_inputs: BTreeMap<String, Input>,
    /// Fields that take a value of the chosen option's `metadata`, and which.
    #[cfg_attr(feature = "server", schema(required = false))]
    pub auto_fill: BTreeMap<String, String>,
    /// What is shown, of markdown and html.
    pub content: Option<String>,
    /// True: a query parameter of this name is there at first.
    #[cfg_attr(feature = "server", schema(required = false))]
    pub allow_as_query_param: bool,
    /// Types of files, such as `application/pdf` or `image/*`; empty for any.
    #[cfg_attr(feature = "server", schema(required = false))]
    pub allowed_types: Vec<String>,
    /// True: more than one file.
    #[cfg_attr(feature = "server", schema(required = false))]
    pub multiple: bool,
    /// Largest file, in megabytes; 32 if absent.
    pub max_size_mb: Option<f64>,
}

impl Field {
    /// The data provider that is asked.
    pub fn provider(&self, asked: Asked) -> Option<&str> {
        match asked {
            Asked::Options => self.data_provider.as_deref(),
            Asked::Default => self.default_data_provider.as_deref(),
        }
    }

    /// What it is asked with.
    pub fn provider_inputs(&self, asked: Asked) -> &BTreeMap<String, Input> {
        match asked {
            Asked::Options => &self.data_provider_inputs,
            Asked::Default => &self.default_data_provider_inputs,
        }
    }
}

/// What a data provider is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// What is there at first.
    Default,
    /// What can be chosen.
    Options,
}

impl Asked {
    /// Both, in the order in which a field needs them.
    pub const ALL: [Self; 2] = [Self::Default, Self::Options];

    /// In a sentence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Options => "options",
            Self::Default => "default",
        }
    }

    /// The key of a field that names the data provider.
    pub fn key(self) -> &'static str {
        match self {
            Self::Options => "data_provider",
            Self::Default => "default_data_provider",
        }
    }

    /// The key of a field that says what it is asked with.
    pub fn inputs_key(self) -> &'static str {
        match self {
            Self::Options => "data_provider_inputs",
            Self::Default => "default_data_provider_inputs",
        }
    }
}

/// What a value must be like.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "server", derive(serde::Serialize, utoipa::ToSchema))]
#[cfg_attr(feature = "server", schema(as = FormValidation))]
pub struct Validation {
    /// A regular expression that is somewhere in the text.
    pub pattern: Option<String>,
    /// Smallest number, or first day or time.
    #[cfg_attr(feature = "server", schema(value_type = Option<Value>))]
    pub min: Option<Value>,
    /// Largest number, or last day or time.
    #[cfg_attr(feature = "server", schema(value_type = Option<Value>))]
    pub max: Option<Value>,
    /// Fewest characters.
    pub min_length: Option<u64>,
    /// Most characters.
    pub max_length: Option<u64>,
    /// Must hold, also while nothing is filled in.
    pub expression: Option<String>,
    /// What people read when one of these does not hold.
    pub message: Option<String>,
}

/// What can be chosen.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "server", derive(serde::Serialize, utoipa::ToSchema))]
#[cfg_attr(feature = "server", schema(as = FormOption))]
pub struct Choice {
    /// What people read.
    pub label: String,
    /// A text, a number, true or false.
    #[cfg_attr(feature = "server", schema(value_type = Value))]
    pub value: Value,
}

/// Where an input of a data provider comes from.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "server", derive(serde::Serialize, utoipa::ToSchema))]
#[cfg_attr(feature = "server", schema(as = FormProviderInput))]
#[cfg_attr(feature = "server", serde(tag = "mode"))]
pub enum Input {
    /// Always the same.
    #[cfg_attr(feature = "server", serde(rename = "static"))]
    Static {
        /// The value.
        #[cfg_attr(feature = "server", schema(value_type = Value))]
        value: Value,
    },
    /// What is filled in elsewhere; while nothing is, the provider is not asked.
    #[cfg_attr(feature = "server", serde(rename = "fieldRef"))]
    FieldRef {
        /// The field.
        field_name: String,
    },
    /// Computed; while it is nothing, the provider is not asked.
    #[cfg_attr(feature = "server", serde(rename = "expression"))]
    Expression {
        /// The expression.
        expression: String,
    },
}

/// What is wrong with a definition, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "server", derive(serde::Serialize, utoipa::ToSchema))]
#[cfg_attr(feature = "server", schema(as = FormProblem))]
pub struct Problem {
    /// Where, such as `fields[2].visibility_expression`; empty for the whole.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
    /// In an expression: where the part at fault begins, as an index of a string in JavaScript
    /// (units of UTF-16).
    #[cfg_attr(feature = "server", serde(skip_serializing_if = "Option::is_none"))]
    pub from: Option<usize>,
    /// The index behind it.
    #[cfg_attr(feature = "server", serde(skip_serializing_if = "Option::is_none"))]
    pub to: Option<usize>,
}

impl Problem {
    /// A problem at a path.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), from: None, to: None }
    }
}
