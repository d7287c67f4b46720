//! `{{=NAME}}` in a step → the value that an earlier step captured.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::tutorial::Action;

/// A step's action, when all that it needs is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filled {
    /// With every placeholder replaced.
    Complete(Action),
    /// Nothing was captured under this name so far.
    Lacks(String),
}

/// Fills in every text of an action: commands, paths, contents, conditions, answers.
pub(super) fn fill(action: &Action, captured: &BTreeMap<String, String>) -> Filled {
    // By way of JSON, in which it travels anyway: a new kind of action needs nothing here.
    let Ok(mut value) = serde_json::to_value(action) else {
        return Filled::Complete(action.clone());
    };
    match fill_value(&mut value, captured) {
        Ok(false) => Filled::Complete(action.clone()),
        Ok(true) => match serde_json::from_value(value) {
            Ok(filled) => Filled::Complete(filled),
            Err(_) => Filled::Complete(action.clone()),
        },
        Err(name) => Filled::Lacks(name),
    }
}

/// Whether anything was replaced, or the name of what is not known.
fn fill_value(value: &mut Value, captured: &BTreeMap<String, String>) -> Result<bool, String> {
    match value {
        Value::String(text) => match fill_text(text, captured)? {
            Some(filled) => {
                *text = filled;
                Ok(true)
            }
            None => Ok(false),
        },
        Value::Array(values) => fill_all(values.iter_mut(), captured),
        Value::Object(fields) => fill_all(fields.values_mut(), captured),
        _ => Ok(false),
    }
}

fn fill_all<'a>(
    values: impl Iterator<Item = &'a mut Value>,
    captured: &BTreeMap<String, String>,
) -> Result<bool, String> {
    let mut any = false;
    for value in values {
        any |= fill_value(value, captured)?;
    }
    Ok(any)
}

/// `None` when there is no placeholder in it. What was captured is not looked through again.
fn fill_text(text: &str, captured: &BTreeMap<String, String>) -> Result<Option<String>, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{=") {
        let Some((name, after)) = behind.split_once("}}") else {
            break;
        };
        let value = captured
            .get(name.trim())
            .ok_or_else(|| name.trim().to_owned())?;
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    if rest.len() == text.len() {
        return Ok(None);
    }
    filled.push_str(rest);
    Ok(Some(filled))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::fill_text;

    fn fill(text: &str) -> Result<Option<String>, String> {
        let captured = [("ip", "10.0.0.2"), ("odd", "{{=ip}}")];
        let captured: BTreeMap<String, String> = captured
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        fill_text(text, &captured)
    }

    #[test]
    fn a_captured_value_stands_for_its_name() {
        assert_eq!(
            fill("ping {{=ip}}; {{= ip }}"),
            Ok(Some("ping 10.0.0.2; 10.0.0.2".to_owned()))
        );
    }

    #[test]
    fn a_value_is_not_looked_through_again() {
        assert_eq!(fill("{{=odd}}"), Ok(Some("{{=ip}}".to_owned())));
    }

    #[test]
    fn what_was_not_captured_is_named() {
        assert_eq!(fill("{{=ip}} {{=mac}}"), Err("mac".to_owned()));
    }

    #[test]
    fn other_braces_are_the_shells() {
        assert_eq!(fill("echo {{a,b}} ${ip} {{="), Ok(None));
    }
}
