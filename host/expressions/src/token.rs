//! Sources cut into tokens.

use std::iter::Peekable;
use std::str::CharIndices;

/// The smallest part of a source that means something.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token<'s> {
    /// Never negative: the sign is an operator.
    Number(f64),
    /// Without its quotes and escapes.
    Text(String),
    /// Names, functions, and the words of the language.
    Name(&'s str),
    /// Operators, brackets and commas.
    Symbol(&'static str),
    /// After the last one.
    End,
}

/// A token, and the bytes it stands at.
#[derive(Clone, Debug)]
pub(crate) struct Placed<'s> {
    pub token: Token<'s>,
    pub start: usize,
    pub end: usize,
}

/// What is wrong, and the bytes it stands at.
pub(crate) struct Fault {
    pub message: String,
    pub start: usize,
    pub end: usize,
}

/// Two characters before one, so that `<=` is not `<`.
const SYMBOLS: [&str; 24] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")",
    "[", "]", "{", "}",
];

/// What people bring from other languages, and what it is here. Looked at before [`SYMBOLS`].
const FOREIGN: [(&str, &str); 8] = [
    ("===", "two values are compared with `==`"),
    ("!==", "that two values differ is written `!=`"),
    ("<>", "that two values differ is written `!=`"),
    ("??", "a value in place of a missing one is written `coalesce(value, other)`"),
    ("?.", "`.` is enough: a member of nothing is nothing"),
    ("**", "there is no power; multiply with `*`"),
    ("“", "texts are in straight quotes: \"text\""),
    ("”", "texts are in straight quotes: \"text\""),
];

/// The tokens of a source, and [`Token::End`] at its end.
pub(crate) fn tokens(source: &str) -> Result<Vec<Placed<'_>>, Fault> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let next = rest.chars().next().unwrap_or_default();
        let start = at;
        if next.is_whitespace() {
            at += next.len_utf8();
            continue;
        }
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let (token, length) = token(rest, next, start)?;
        at += length;
        tokens.push(Placed { token, start, end: at });
    }
    tokens.push(Placed { token: Token::End, start: source.len(), end: source.len() });
    Ok(tokens)
}

fn token(rest: &str, next: char, start: usize) -> Result<(Token<'_>, usize), Fault> {
    let raw = rest.strip_prefix('r').is_some_and(|after| after.starts_with(['"', '\'']));
    if raw || next == '"' || next == '\'' {
        return text(rest, raw, start);
    }
    if next.is_ascii_digit() {
        return number(rest, start);
    }
    if next.is_alphabetic() || next == '_' {
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        return Ok((Token::Name(rest.get(..length).unwrap_or_default()), length));
    }
    for (foreign, advice) in FOREIGN {
        if rest.starts_with(foreign) {
            return Err(fault(format!("`{foreign}` is not known here: {advice}"), start, foreign.len()));
        }
    }
    if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
        return Ok((Token::Symbol(symbol), symbol.len()));
    }
    let message = match next {
        '=' => "`=` changes nothing here; two values are compared with `==`".to_owned(),
        '&' => "`&` is not known here; that both hold is written `&&`".to_owned(),
        '|' => "`|` is not known here; that one of two holds is written `||`".to_owned(),
        other => format!("`{}` means nothing here", other.escape_debug()),
    };
    Err(fault(message, start, next.len_utf8()))
}

fn fault(message: String, start: usize, length: usize) -> Fault {
    Fault { message, start, end: start + length }
}

fn number(rest: &str, start: usize) -> Result<(Token<'_>, usize), Fault> {
    let digits = |from: usize| {
        rest.get(from..).map_or(0, |rest| rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()))
    };
    let mut length = digits(0);
    if rest.get(length..).is_some_and(|after| after.starts_with('.')) && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    if rest.get(length..).is_some_and(|after| after.starts_with(['e', 'E'])) {
        let signed = usize::from(rest.get(length + 1..).is_some_and(|after| after.starts_with(['+', '-'])));
        let exponent = digits(length + 1 + signed);
        if exponent > 0 {
            length += 1 + signed + exponent;
        }
    }
    let written = rest.get(..length).unwrap_or_default();
    match written.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok((Token::Number(number), length)),
        _ => Err(fault(format!("`{written}` is larger than numbers can be (1.8e308)"), start, length)),
    }
}

/// A text in quotes; `raw` ones begin with `r` and have no escapes.
fn text(rest: &str, raw: bool, start: usize) -> Result<(Token<'_>, usize), Fault> {
    let mut chars = rest.char_indices().peekable();
    if raw {
        chars.next();
    }
    let quote = chars.next().map(|(_, quote)| quote);
    let mut text = String::new();
    while let Some((at, next)) = chars.next() {
        match next {
            _ if Some(next) == quote => return Ok((Token::Text(text), at + 1)),
            '\n' => break,
            '\\' if !raw => text.push(escape(&mut chars).map_err(|message| {
                let end = chars.peek().map_or(rest.len(), |(end, _)| *end);
                fault(message, start + at, end - at)
            })?),
            other => text.push(other),
        }
    }
    let line = rest.find('\n').unwrap_or(rest.len());
    Err(fault("this text is not closed: its quote is missing at its end".to_owned(), start, line))
}

/// What an escape stands for; its backslash is read already.
fn escape(chars: &mut Peekable<CharIndices<'_>>) -> Result<char, String> {
    let Some((_, next)) = chars.next() else {
        return Err("a text cannot end with a backslash; write `\\\\` for one".to_owned());
    };
    Ok(match next {
        '\\' | '"' | '\'' | '/' => next,
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'u' => unicode(chars)?,
        other => {
            return Err(format!(
                "`\\{}` is no escape; write `\\\\` for a backslash, or r\"…\" for a pattern as it is",
                other.escape_debug()
            ));
        }
    })
}

/// A character by its number: four hexadecimal digits, or two times four as in JSON.
fn unicode(chars: &mut Peekable<CharIndices<'_>>) -> Result<char, String> {
    let first = unit(chars).ok_or("`\\u` needs four hexadecimal digits, as in `\\u00e9`")?;
    let number = if (0xd800..0xdc00).contains(&first) {
        let escaped =
            chars.next().is_some_and(|(_, c)| c == '\\') && chars.next().is_some_and(|(_, c)| c == 'u');
        let second = if escaped { unit(chars) } else { None };
        second
            .filter(|second| (0xdc00..0xe000).contains(second))
            .map(|second| 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
    } else {
        Some(first)
    };
    number
        .and_then(char::from_u32)
        .ok_or_else(|| "`\\u` names half a character; write the character itself".to_owned())
}

/// The value of four hexadecimal digits.
fn unit(chars: &mut Peekable<CharIndices<'_>>) -> Option<u32> {
    let mut unit = 0;
    for _ in 0..4 {
        unit = unit * 16 + chars.next()?.1.to_digit(16)?;
    }
    Some(unit)
}
