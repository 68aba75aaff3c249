//! Expressions and inputs by chance: the same for the same seed, on every machine.

use serde_json::{Value, json};

/// A generator of numbers (SplitMix64).
pub struct Random(pub u64);

/// What an expression is meant to be. One in ten is something else, so that errors are seen as well.
#[derive(Clone, Copy)]
enum Kind {
    Truth,
    Number,
    Text,
    Date,
    List,
}

const KINDS: [Kind; 5] = [Kind::Truth, Kind::Number, Kind::Text, Kind::Date, Kind::List];
const PATTERNS: [&str; 8] = ["^a", "[0-9]+", "(a|b)*c?$", "^.{2,5}$", "(?i)ada", "(a+)+$", "é", "("];
const NOISE: [&str; 26] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    ":",
    "?",
    "!",
    "-",
    "\"",
    "'",
    "\\",
    "==",
    "=",
    "&&",
    "in",
    "é",
    "\u{1F600}",
    "\u{0}",
    "//",
    "r\"",
    "1e",
    " ",
];

/// Parts without parts of a kind.
fn leaves(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Truth => &["true", "false", "null", "fields.yes", "fields.maybe", "has(fields.any)"],
        Kind::Number => {
            &["0", "1", "2.5", "1e308", "0.1", "fields.n1", "fields.n2", "fields.n2", "fields.none"]
        }
        Kind::Text => &[
            "''",
            "'a'",
            "'ADA'",
            "\"é😀\"",
            "' 12 '",
            "'1e5'",
            "fields.t1",
            "fields.t2",
            "context.user.email",
            "fields[\"first name\"]",
            "fields.address.city",
        ],
        Kind::Date => {
            &["'2026-02-28'", "'2024-02-29T10:00:00Z'", "'0001-01-01'", "now", "fields.d1", "fields.d2"]
        }
        Kind::List => &[
            "[]",
            "[1, 2, 3]",
            "['b', 'a']",
            "fields.numbers",
            "fields.texts",
            "fields.items",
            "fields.none",
        ],
    }
}

/// Parts with other parts, each a letter behind `§`: a truth value, a number, a text, a date, a list or
/// anything; `§i` is a new name for items, `§p` a pattern.
fn forms(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Truth => &[
            "!(§v)",
            "(§v && §v)",
            "(§v || §v)",
            "(§n < §n)",
            "(§n >= §n)",
            "(§t <= §t)",
            "(§t > §t)",
            "(§d < §d)",
            "(§a == §a)",
            "(§a != §a)",
            "(§n == §n)",
            "(§a in §l)",
            "empty(§a)",
            "has(§a)",
            "contains(§t, §t)",
            "(§l).contains(§a)",
            "startsWith(§t, §t)",
            "(§t).endsWith(§t)",
            "matches(§t, §p)",
            "(§l).all(§i, §v)",
            "(§l).exists(§i, §v)",
        ],
        Kind::Number => &[
            "(§n + §n)",
            "(§n - §n)",
            "§n * §n",
            "(§n / §n)",
            "§n % §n",
            "-(§n)",
            "size(§t)",
            "size(§l)",
            "round(§n)",
            "round(§n, 2)",
            "floor(§n)",
            "ceil(§n)",
            "abs(§n)",
            "min(§n, §n)",
            "max(§n, §n, §n)",
            "sum(§l)",
            "min(§l)",
            "number(§t)",
            "number(text(§n))",
            "daysBetween(§d, §d)",
            "yearsBetween(§d, §d)",
            "weekday(§d)",
            "coalesce(§n, §n)",
            "sum((§l).map(§i, §n))",
        ],
        Kind::Text => &[
            "§t + §t",
            "lower(§t)",
            "upper(§t)",
            "(§t).trim()",
            "text(§n)",
            "text(§v)",
            "coalesce(§t, §t)",
            "max(§t, §t)",
            "date(§d)",
        ],
        Kind::Date => {
            &["date(§d)", "addDays(§d, floor(§n))", "addDays(§d, 7)", "min(§d, §d)", "coalesce(§d, §d)"]
        }
        Kind::List => &[
            "[§a, §a]",
            "§l + §l",
            "(§l).filter(§i, §v)",
            "(§l).map(§i, §a)",
            "[{\"name\": §a, \"price\": §n}]",
            "coalesce(§l[0], §l)",
        ],
    }
}

impl Random {
    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut next = self.0;
        next = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        next = (next ^ (next >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((next ^ (next >> 31)) % bound as u64).unwrap_or_default()
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// The source of an expression; one in ten is damaged.
    pub fn source(&mut self) -> String {
        let levels = 1 + self.below(6);
        let kind = self.one(&KINDS);
        let mut source = self.expression(kind, levels, &mut Vec::new());
        if self.below(10) == 0 {
            for _ in 0..=self.below(3) {
                let starts: Vec<usize> = source.char_indices().map(|(at, _)| at).collect();
                let at = self.one(&starts);
                if self.below(2) == 0 {
                    source.insert_str(at, self.one(&NOISE));
                } else {
                    source.truncate(at);
                    source.push_str(self.one(&NOISE));
                }
            }
        }
        source
    }

    fn expression(&mut self, meant: Kind, levels: usize, names: &mut Vec<String>) -> String {
        let kind = if self.below(10) == 0 { self.one(&KINDS) } else { meant };
        if !names.is_empty() && self.below(8) == 0 {
            return names[self.below(names.len())].clone();
        }
        if levels == 0 {
            return self.one(leaves(kind)).to_owned();
        }
        if self.below(12) == 0 {
            let [condition, first, second] =
                [Kind::Truth, kind, kind].map(|kind| self.expression(kind, levels - 1, names));
            return format!("({condition} ? {first} : {second})");
        }
        let mut parts = self.one(forms(kind)).split('§');
        let mut expression = parts.next().unwrap_or_default().to_owned();
        let known = names.len();
        for part in parts {
            let (sign, text) = part.split_at(1);
            let kind = match sign {
                "v" => Kind::Truth,
                "n" => Kind::Number,
                "t" => Kind::Text,
                "d" => Kind::Date,
                "l" => Kind::List,
                _ => self.one(&KINDS),
            };
            expression += &match sign {
                "i" => {
                    names.push(format!("item{known}"));
                    names[known].clone()
                }
                "p" => format!("r\"{}\"", self.one(&PATTERNS)),
                _ => self.expression(kind, levels - 1, names),
            };
            expression += text;
        }
        names.truncate(known);
        expression
    }

    /// A value of a field that is meant to be a number, a text and so on, and sometimes is not.
    fn value(&mut self, meant: Kind) -> Value {
        let kind = if self.below(10) == 0 { self.one(&KINDS) } else { meant };
        match (kind, self.below(8)) {
            (_, 0) => Value::Null,
            (Kind::Truth, at) => json!(at % 2 == 0),
            (Kind::Number, 1) => json!(self.one(&[1e300, 1e-300, 0.1, -0.0, 9007199254740993.0])),
            (Kind::Number, 2) => json!(self.one(&[u64::MAX, 1 << 53, (1 << 53) + 1, 0])),
            (Kind::Number, 3) => json!(self.below(1_000) as f64 / 8.0 - 60.0),
            (Kind::Number, _) => json!(self.below(20) as i64 - 10),
            (Kind::Text, 1) => json!("ab".repeat(self.below(400))),
            (Kind::Text, _) => json!(self.one(&["", "a", "Ada", " b ", "42", "-1.5", "größe", "😀x", "İſ"])),
            (Kind::Date, 1) => json!(self.one(&["2026-02-30", "31.1.2026", ""])),
            (Kind::Date, _) => {
                json!(self.one(&["2026-03-29", "2023-12-31T23:00:00Z", "2008-02-29", "9999-12-31"]))
            }
            (Kind::List, _) => {
                let kind = self.one(&KINDS[..4]);
                (0..self.below(30)).map(|_| self.value(kind)).collect()
            }
        }
    }

    /// An input.
    pub fn scope(&mut self) -> Value {
        let [yes, maybe] = [(); 2].map(|()| self.value(Kind::Truth));
        let [n1, n2, price] = [(); 3].map(|()| self.value(Kind::Number));
        let [t1, t2, city, name] = [(); 4].map(|()| self.value(Kind::Text));
        let [d1, d2] = [(); 2].map(|()| self.value(Kind::Date));
        let numbers: Vec<Value> = (0..self.below(40)).map(|_| self.value(Kind::Number)).collect();
        let texts: Vec<Value> = (0..self.below(10)).map(|_| self.value(Kind::Text)).collect();
        json!({
            "fields": {
                "yes": yes, "maybe": maybe, "n1": n1, "n2": n2, "t1": t1, "t2": t2, "d1": d1, "d2": d2, "none": null,
                "numbers": numbers, "texts": texts, "any": self.value(Kind::List), "first name": name,
                "items": [{"name": "pen", "price": price}, {"name": t1, "price": 2}], "address": {"city": city},
            },
            "context": {"user": {"email": "ada@example.com"}},
            "now": "2026-11-26T08:39:00+01:00",
        })
    }
}
