//! The text of one line of an `expect` → its pieces, or every mistake with its byte offset.

use regex::Regex;

use super::{Kind, PatternError, Piece, What};
use crate::judge::bindings::Name;
use crate::judge::matcher::{self, Argument};

pub(super) fn parse_line(line: &str, offset: usize) -> Result<Kind, Vec<PatternError>> {
    if matches!(line.trim_start(), "..." | "…") {
        return Ok(Kind::AnyLines);
    }
    let (body, rest) = match line.strip_suffix('…') {
        Some(body) => (body, true),
        None => (line, false),
    };
    let mut pieces = Vec::new();
    let mut errors = Vec::new();
    let mut at = 0;
    let mut text = (0, String::new());
    while let Some(found) = body[at..].find("{{") {
        let open = at + found;
        text.1.push_str(&body[at..open]);
        if body[open + 2..].starts_with("{{") {
            text.1.push_str("{{");
            at = open + 4;
            continue;
        }
        let (what, len) = parse_placeholder(&body[open..]).unwrap_or_else(|mut error| {
            error.offset = offset + open;
            let len = error.len;
            errors.push(error);
            (What::Text(String::new()), len)
        });
        pieces.push(Piece::text(std::mem::take(&mut text), open));
        at = open + len;
        pieces.push(Piece {
            range: open..at,
            what,
        });
        text.0 = at;
    }
    text.1.push_str(&body[at..]);
    let blank = rest && text.1.ends_with(' ');
    if blank {
        text.1.truncate(text.1.trim_end_matches(' ').len());
    }
    pieces.push(Piece::text(text, body.len()));
    if rest {
        pieces.push(Piece {
            range: body.len()..line.len(),
            what: What::RestOfLine { blank },
        });
    }
    if errors.is_empty() {
        Ok(Kind::of(pieces))
    } else {
        Err(errors)
    }
}

/// What begins at `{{`, and how long it is as written.
fn parse_placeholder(text: &str) -> Result<(What, usize), PatternError> {
    let error = |len: usize, message: String, help: String| PatternError {
        offset: 0,
        len,
        message,
        help,
    };
    let Some(mut end) = text.find("}}") else {
        return Err(error(
            text.len(),
            "`{{` without `}}`".to_owned(),
            "close it with `}}` on the same line, or write `{{{{` for a literal `{{`".to_owned(),
        ));
    };
    if text.starts_with("{{re:") {
        // `{{re:\d{2}}}`: a brace of the expression belongs to it.
        while text[end + 2..].starts_with('}') {
            end += 1;
        }
    }
    let inside = &text[2..end];
    let len = end + 2;
    if let Some(name) = inside.strip_prefix('=') {
        check_name(name).map_err(|message| error(len, message, name_help()))?;
        return Ok((What::Captured(name.to_owned()), len));
    }
    let (kind, argument) = match inside.split_once(':') {
        Some((kind, argument)) => (kind, Some(argument)),
        None => (inside, None),
    };
    let Some(kind) = matcher::named(kind) else {
        return Err(error(
            len,
            format!("there is no placeholder `{{{{{inside}}}}}`"),
            format!(
                "kinds are {}; a captured value is `{{{{=NAME}}}}`, a literal `{{{{` is written `{{{{{{{{`",
                matcher::names()
            ),
        ));
    };
    match (kind.argument, argument) {
        (Argument::Regex, Some(regex)) if !regex.is_empty() => match Regex::new(regex) {
            Ok(compiled) if compiled.capture_names().flatten().next().is_none() => {
                Ok((What::Regex(regex.to_owned()), len))
            }
            Ok(_) => Err(error(
                len,
                "a named group means nothing here".to_owned(),
                "write `(?:…)`; to give a value a name use a kind, as in `{{word:token}}`"
                    .to_owned(),
            )),
            Err(why) => Err(error(
                len,
                format!("`{regex}` is no regular expression"),
                last_line(&why.to_string()),
            )),
        },
        (Argument::Regex, _) => Err(error(
            len,
            "`{{re}}` needs a regular expression".to_owned(),
            "as in `{{re:eth[0-9]+}}`".to_owned(),
        )),
        (Argument::Binding, name) => {
            if let Some(name) = name {
                check_name(name).map_err(|message| error(len, message, name_help()))?;
            }
            let name = name.map(|name| Name::Given(name.to_owned()));
            Ok((
                What::Value {
                    kind,
                    name,
                    looks: None,
                },
                len,
            ))
        }
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let good = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if good {
        Ok(())
    } else {
        Err(format!("`{name}` is no name"))
    }
}

fn name_help() -> String {
    "a name is made of letters, digits, `_` and `-`".to_owned()
}

/// The regex crate draws the expression and says what is wrong with it in the last line.
fn last_line(message: &str) -> String {
    message.lines().last().unwrap_or(message).to_owned()
}
