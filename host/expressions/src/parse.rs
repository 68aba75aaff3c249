//! From tokens to an expression: precedence climbing, with a bound for its depth.

use crate::ast::{CHOOSE, COMPARISON, Each, Kind, Node, Operator, PREFIX, Pattern};
use crate::error::{ParseError, Position};
use crate::functions::Function;
use crate::limits::{MAX_DEPTH, MAX_SOURCE_BYTES};
use crate::token::{Fault, Placed, Token, tokens};
use serde_json::Value;
use std::collections::BTreeSet;

/// What an expression sees of the form, as it is written.
pub(crate) const FIELDS: &str = "fields";
pub(crate) const CONTEXT: &str = "context";
pub(crate) const NOW: &str = "now";

/// Words that no item of a list can be called.
const RESERVED: [&str; 7] = [FIELDS, CONTEXT, NOW, "true", "false", "null", "in"];

/// The function with a pattern, which is not evaluated like the others.
pub(crate) const MATCHES: &str = "matches";

/// The root of the expression, and the fields that it uses.
pub(crate) fn parse(source: &str) -> Result<(Node, BTreeSet<String>), ParseError> {
    let placed = |fault: Fault| {
        let (position, length) = Position::of(source, fault.start, fault.end);
        ParseError { message: fault.message, position, length }
    };
    if source.len() > MAX_SOURCE_BYTES {
        let message = format!("the expression has {} bytes, {MAX_SOURCE_BYTES} are allowed", source.len());
        return Err(placed(Fault { message, start: 0, end: 0 }));
    }
    let tokens = tokens(source).map_err(placed)?;
    let mut parser = Parser { source, tokens, at: 0, depth: 0, locals: Vec::new(), fields: BTreeSet::new() };
    let root = parser.whole().map_err(placed)?;
    Ok((root, parser.fields))
}

struct Parser<'s> {
    source: &'s str,
    tokens: Vec<Placed<'s>>,
    at: usize,
    /// Expressions that are being read, one within the other.
    depth: usize,
    /// Names of items, the innermost last.
    locals: Vec<String>,
    fields: BTreeSet<String>,
}

impl<'s> Parser<'s> {
    fn whole(&mut self) -> Result<Node, Fault> {
        if self.peek().token == Token::End {
            return Err(self.fault_here("the expression is empty; `true` always holds"));
        }
        let root = self.expression(CHOOSE)?;
        match &self.peek().token {
            Token::End => Ok(root),
            Token::Name(word @ ("and" | "or" | "not" | "is")) => {
                let operator = match *word {
                    "and" => "&&",
                    "or" => "||",
                    "not" => "!",
                    _ => "==",
                };
                Err(self.fault_here(&format!("`{word}` is not known here; write `{operator}`")))
            }
            _ => Err(self.unexpected("an operator, or the end")),
        }
    }

    /// Reads operators that bind at least as strongly as `minimum`.
    fn expression(&mut self, minimum: u8) -> Result<Node, Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.fault_here(&too_deep()));
        }
        let negated = self.is_symbol("!");
        let mut left = self.prefix()?;
        let mut compared = false;
        loop {
            if minimum <= CHOOSE && self.take("?") {
                left = self.choose(left)?;
                continue;
            }
            let Some(operator) = self.operator().filter(|operator| operator.binding() >= minimum) else {
                break;
            };
            if operator.binding() == COMPARISON {
                if compared {
                    return Err(self.fault_here("comparisons have two sides; write `a < b && b < c`"));
                }
                if negated && matches!(left.kind, Kind::Not(_)) {
                    let advice =
                        format!("put what `!` is about in parentheses, as in `!(a {} b)`", operator.as_str());
                    return Err(self.fault_here(&advice));
                }
                compared = true;
            } else if operator.binding() < COMPARISON {
                compared = false;
            }
            self.at += 1;
            let right = self.expression(operator.binding() + 1)?;
            let (start, end) = (left.start, right.end);
            left = self.node(Kind::Binary(operator, Box::new(left), Box::new(right)), start, end)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn choose(&mut self, condition: Node) -> Result<Node, Fault> {
        let first = self.expression(CHOOSE)?;
        self.expect(":", "a choice is written `condition ? first : second`")?;
        let second = self.expression(CHOOSE)?;
        let (start, end) = (condition.start, second.end);
        self.node(Kind::Choose(Box::new([condition, first, second])), start, end)
    }

    fn prefix(&mut self) -> Result<Node, Fault> {
        let start = self.peek().start;
        for (symbol, kind) in [("!", Kind::Not as fn(Box<Node>) -> Kind), ("-", Kind::Negate)] {
            if self.take(symbol) {
                let operand = self.expression(PREFIX)?;
                let end = operand.end;
                return self.node(kind(Box::new(operand)), start, end);
            }
        }
        let mut node = self.primary()?;
        loop {
            if self.take(".") {
                node = self.member(node)?;
            } else if self.take("[") {
                let index = self.expression(CHOOSE)?;
                self.expect("]", "an entry is written `list[0]` or `object[\"name\"]`")?;
                let (start, end) = (node.start, self.last_end());
                node = self.node(Kind::Index(Box::new(node), Box::new(index)), start, end)?;
            } else {
                return Ok(node);
            }
        }
    }

    /// What follows a dot: a member, or a function with what is before the dot as its first value.
    fn member(&mut self, object: Node) -> Result<Node, Fault> {
        let Placed { token: Token::Name(name), start: at, .. } = self.peek().clone() else {
            return Err(self.unexpected("a name after the dot"));
        };
        self.at += 1;
        if self.take("(") {
            let start = object.start;
            return self.call(name, start, at, Some(object));
        }
        let (start, end) = (object.start, self.last_end());
        self.node(Kind::Member(Box::new(object), name.to_owned()), start, end)
    }

    fn primary(&mut self) -> Result<Node, Fault> {
        let Placed { token, start, end } = self.peek().clone();
        match token {
            Token::Number(number) => {
                self.at += 1;
                self.node(Kind::Literal(crate::number::json(number)), start, end)
            }
            Token::Text(text) => {
                self.at += 1;
                self.node(Kind::Literal(Value::String(text)), start, end)
            }
            Token::Name(name) => {
                self.at += 1;
                if self.take("(") { self.call(name, start, start, None) } else { self.name(name, start, end) }
            }
            Token::Symbol("(") => {
                self.at += 1;
                let mut node = self.expression(CHOOSE)?;
                self.expect(")", "a parenthesis is not closed")?;
                // Parentheses belong to what is within.
                (node.start, node.end) = (start, self.last_end());
                Ok(node)
            }
            Token::Symbol("[") => {
                self.at += 1;
                let items = self.until("]", Self::item)?;
                let end = self.last_end();
                self.node(Kind::List(items), start, end)
            }
            Token::Symbol("{") => {
                self.at += 1;
                let entries = self.until("}", Self::entry)?;
                let end = self.last_end();
                self.node(Kind::Object(entries), start, end)
            }
            Token::Symbol(_) | Token::End => Err(self.unexpected("a value")),
        }
    }

    fn item(&mut self) -> Result<Node, Fault> {
        self.expression(CHOOSE)
    }

    fn entry(&mut self) -> Result<(String, Node), Fault> {
        let Token::Text(name) = self.peek().token.clone() else {
            return Err(self.unexpected("a name in quotes, as in `{\"name\": 1}`"));
        };
        self.at += 1;
        self.expect(":", "a member is written `\"name\": value`")?;
        Ok((name, self.expression(CHOOSE)?))
    }

    /// What stands between commas, until a bracket closes.
    fn until<T>(
        &mut self,
        close: &'static str,
        one: impl Fn(&mut Self) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut all = Vec::new();
        if self.take(close) {
            return Ok(all);
        }
        loop {
            all.push(one(self)?);
            if self.take(close) {
                return Ok(all);
            }
            if !self.take(",") {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
    }

    fn name(&mut self, name: &str, start: usize, end: usize) -> Result<Node, Fault> {
        let kind = match name {
            "true" => Kind::Literal(Value::Bool(true)),
            "false" => Kind::Literal(Value::Bool(false)),
            "null" => Kind::Literal(Value::Null),
            FIELDS => return self.field(start),
            CONTEXT => Kind::Context,
            NOW => Kind::Now,
            _ => match self.locals.iter().position(|local| local == name) {
                Some(slot) => Kind::Local(slot, name.to_owned()),
                None => return Err(Fault { message: unknown(name), start, end }),
            },
        };
        self.node(kind, start, end)
    }

    /// A field is always named as it is written, so that it is known what an expression depends on.
    fn field(&mut self, start: usize) -> Result<Node, Fault> {
        let advice = "a field is written `fields.name`, or `fields[\"name\"]`";
        let name = match (self.next().token, self.peek().token.clone()) {
            (Token::Symbol("."), Token::Name(name)) => {
                self.at += 1;
                name.to_owned()
            }
            (Token::Symbol("["), Token::Text(name)) => {
                self.at += 1;
                self.expect("]", advice)?;
                name
            }
            _ => return Err(Fault { message: advice.to_owned(), start, end: start + FIELDS.len() }),
        };
        if self.is_symbol("(") {
            let end = self.last_end();
            let message = format!("`fields.{name}` is a field, not a function; {advice}");
            return Err(Fault { message, start, end });
        }
        self.fields.insert(name.clone());
        let end = self.last_end();
        self.node(Kind::Field(name), start, end)
    }

    /// A call, from its first value on. `start` is where all of it begins, `at` where its name does.
    fn call(&mut self, name: &str, start: usize, at: usize, first: Option<Node>) -> Result<Node, Fault> {
        let name_end = at + name.len();
        if let Some((each, _)) = Each::ALL.iter().find(|(_, known)| *known == name) {
            return self.each(*each, start, first);
        }
        let mut values: Vec<Node> = first.into_iter().collect();
        values.extend(self.until(")", Self::item)?);
        let end = self.last_end();
        let wrong = |message: String| Fault { message, start: at, end: name_end };
        if name == MATCHES {
            let Ok([text, pattern]) = <[Node; 2]>::try_from(values) else {
                return Err(wrong("`matches(text, \"pattern\")` takes two values".to_owned()));
            };
            let (from, to) = (pattern.start, pattern.end);
            let fault = |message: String| Fault { message, start: from, end: to };
            let Kind::Literal(Value::String(pattern)) = pattern.kind else {
                return Err(fault("the pattern of `matches` has to be a text in quotes".to_owned()));
            };
            let pattern = Pattern::parse(&pattern).map_err(fault)?;
            return self.node(Kind::Matches(Box::new(text), pattern), start, end);
        }
        let function = Function::find(name).ok_or_else(|| wrong(no_function(name)))?;
        if !function.takes(values.len()) {
            let given = match values.len() {
                1 => "1 is given".to_owned(),
                count => format!("{count} are given"),
            };
            return Err(wrong(format!("the function is `{}`; {given}", function.signature())));
        }
        self.node(Kind::Call(function, values), start, end)
    }

    /// `list.all(item, condition)`, or `all(list, item, condition)`.
    fn each(&mut self, each: Each, start: usize, first: Option<Node>) -> Result<Node, Fault> {
        let advice =
            format!("write `list.{}(item, …)` with a name for the item of your choice", each.as_str());
        let list = match first {
            Some(list) => list,
            None => {
                let list = self.expression(CHOOSE)?;
                self.expect(",", &advice)?;
                list
            }
        };
        let Token::Name(name) = self.peek().token.clone() else {
            return Err(self.fault_here(&advice));
        };
        if RESERVED.contains(&name) || self.locals.iter().any(|local| local == name) {
            return Err(self.fault_here(&format!("`{name}` is something else already; take another name")));
        }
        self.at += 1;
        self.expect(",", &advice)?;
        self.locals.push(name.to_owned());
        let body = self.expression(CHOOSE)?;
        self.locals.pop();
        self.expect(")", &advice)?;
        let end = self.last_end();
        self.node(Kind::Each(each, Box::new(list), name.to_owned(), Box::new(body)), start, end)
    }

    /// Fails when the expression gets too high: a long chain of operators is as deep as it is long.
    fn node(&self, kind: Kind, start: usize, end: usize) -> Result<Node, Fault> {
        let height = 1 + match &kind {
            Kind::Literal(_) | Kind::Field(_) | Kind::Context | Kind::Now | Kind::Local(..) => 0,
            Kind::List(nodes) | Kind::Call(_, nodes) => highest(nodes.iter()),
            Kind::Object(entries) => highest(entries.iter().map(|(_, node)| node)),
            Kind::Member(node, _) | Kind::Not(node) | Kind::Negate(node) | Kind::Matches(node, _) => {
                node.height
            }
            Kind::Index(one, other) | Kind::Binary(_, one, other) | Kind::Each(_, one, _, other) => {
                one.height.max(other.height)
            }
            Kind::Choose(nodes) => highest(nodes.iter()),
        };
        if height > MAX_DEPTH {
            return Err(Fault { message: too_deep(), start, end });
        }
        Ok(Node { kind, start, end, height })
    }

    fn operator(&self) -> Option<Operator> {
        match self.peek().token {
            Token::Symbol(symbol) => Operator::find(symbol),
            Token::Name(name) => Operator::find(name),
            _ => None,
        }
    }

    /// The next token. Behind the last one there is always the end.
    fn peek(&self) -> &Placed<'s> {
        static END: Placed<'static> = Placed { token: Token::End, start: 0, end: 0 };
        self.tokens.get(self.at).or(self.tokens.last()).unwrap_or(&END)
    }

    fn next(&mut self) -> Placed<'s> {
        let next = self.peek().clone();
        self.at += 1;
        next
    }

    fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.peek().token, Token::Symbol(next) if next == symbol)
    }

    fn take(&mut self, symbol: &str) -> bool {
        let taken = self.is_symbol(symbol);
        self.at += usize::from(taken);
        taken
    }

    fn expect(&mut self, symbol: &str, advice: &str) -> Result<(), Fault> {
        if self.take(symbol) {
            Ok(())
        } else {
            Err(self.fault_here(&format!("`{symbol}` is missing: {advice}")))
        }
    }

    /// Where the token before the next one ends.
    fn last_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |placed| placed.end)
    }

    fn fault_here(&self, message: &str) -> Fault {
        let Placed { start, end, .. } = *self.peek();
        Fault { message: message.to_owned(), start, end }
    }

    fn unexpected(&self, wanted: &str) -> Fault {
        let Placed { token, start, end } = self.peek();
        let found = match token {
            Token::End => "the end".to_owned(),
            _ => format!("`{}`", self.source.get(*start..*end).unwrap_or_default()),
        };
        self.fault_here(&format!("{wanted} is expected, and there is {found}"))
    }
}

fn highest<'n>(nodes: impl Iterator<Item = &'n Node>) -> usize {
    nodes.map(|node| node.height).max().unwrap_or_default()
}

fn too_deep() -> String {
    format!(
        "the expression has more than {MAX_DEPTH} levels; a long chain of `||` is shorter as `value in [1, 2]`"
    )
}

fn unknown(name: &str) -> String {
    if Function::find(name).is_some() || name == MATCHES || Each::ALL.iter().any(|(_, each)| *each == name) {
        return format!("`{name}` is a function; its values follow in parentheses");
    }
    match name {
        "in" => "a value is expected, and there is `in`".to_owned(),
        "not" => "`not` is not known here; write `!`".to_owned(),
        "True" | "False" | "TRUE" | "FALSE" => format!("write `{}`", name.to_lowercase()),
        "None" | "nil" | "undefined" | "NULL" => format!("`{name}` is not known here; write `null`"),
        _ => format!("`{name}` is not known; a field is written `fields.{name}`, a text \"{name}\""),
    }
}

fn no_function(name: &str) -> String {
    let lower = name.to_lowercase();
    let near = Function::names().find(|known| {
        let known = known.to_lowercase();
        known == lower || (lower.len() > 3 && (lower.starts_with(&known) || known.starts_with(&lower)))
    });
    match (near, name) {
        (Some(near), _) => format!("there is no function `{name}`; there is `{near}`"),
        (None, "length" | "len" | "count") => format!("there is no function `{name}`; there is `size`"),
        _ => format!("there is no function `{name}`"),
    }
}
