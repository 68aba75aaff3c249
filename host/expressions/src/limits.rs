//! What bounds an expression. Authors are people of a tenant, so nothing that they write may cost
//! the server, or the browser of whoever fills in the form, more than this.

/// Longest source, in bytes: several times what a person still reads as one rule.
pub const MAX_SOURCE_BYTES: usize = 4_096;

/// Most levels of an expression, one within the other. Parser and evaluator call themselves once
/// for each, on a stack that is 1 MiB in the browser.
pub const MAX_DEPTH: usize = 100;

/// Most levels of a value that is compared, copied or returned: as many as JSON is read with.
pub const MAX_VALUE_DEPTH: usize = 128;

/// Most steps of one evaluation. Each part of an expression that is evaluated is a step, each time;
/// texts, lists and objects that are read or made cost by their size ([`BYTES_PER_STEP`]). The
/// slowest expression known ends within some milliseconds; the usual rule takes fewer than 50.
pub const MAX_STEPS: usize = 100_000;

/// Bytes that are read or made in one step. With [`MAX_STEPS`] it bounds the memory too.
pub const BYTES_PER_STEP: usize = 64;

/// Steps for each byte that a pattern is matched against: every state of the pattern's program may
/// be looked at for it. Texts of up to 6,249 bytes can be matched.
pub const STEPS_PER_MATCHED_BYTE: usize = 16;

/// Longest pattern of `matches`, in bytes.
pub const MAX_PATTERN_BYTES: usize = 256;

/// Largest program that a pattern is compiled to, in bytes: `[A-Za-z0-9]{1,64}` fits (6 KiB),
/// `(a{99}){99}` does not.
pub const MAX_PATTERN_PROGRAM_BYTES: usize = 8_192;

/// Largest result, in bytes of its texts and 8 for every other value in it: more than a field's
/// default value needs.
pub const MAX_RESULT_BYTES: usize = 65_536;
