//! What bounds a form. Its author and whoever fills it in are people of a tenant.

/// Most fields.
pub const MAX_FIELDS: usize = 50;
/// Longest name of a form, in characters.
pub const MAX_NAME: usize = 100;
/// Longest name of a field, in characters.
pub const MAX_FIELD_NAME: usize = 64;
/// Longest label, placeholder, help or message, in characters.
pub const MAX_TEXT: usize = 2_000;
/// Longest content of a markdown or html field, in bytes.
pub const MAX_CONTENT_BYTES: usize = 65_536;
/// Most options that a definition lists for a field.
pub const MAX_OPTIONS: usize = 500;
/// Most names that an address may bring.
pub const MAX_QUERY_PARAMETERS: usize = 50;
/// Largest definition, in bytes of JSON.
pub const MAX_DEFINITION_BYTES: usize = 524_288;
/// Longest text that can be filled in, in bytes.
pub const MAX_VALUE_BYTES: usize = 65_536;
/// Most options that can be chosen in one field.
pub const MAX_CHOSEN: usize = 1_000;
/// Most files of one field.
pub const MAX_FILES: usize = 20;
/// Largest file, in megabytes of 1,048,576 bytes.
pub const MAX_FILE_MB: f64 = 32.0;
