//! The tera templates of a page: embedded defaults, each replaced by a file of the same name in the book's theme/twin/.
//!
//! Out of here comes one line of HTML per template, whatever a template's author writes, because a blank line ends an
//! HTML block in mdBook. Not here: reading the theme folder (`book/`).

use serde::Serialize;
use tera::{Context, Tera};

use super::escape;

/// The embedded templates: name and text. A template of the book may have any of these names, and no other.
pub const DEFAULTS: &[(&str, &str)] = &[
    ("banner.html", include_str!("../../theme/banner.html")),
    ("commands.html", include_str!("../../theme/commands.html")),
    (
        "components.html",
        include_str!("../../theme/components.html"),
    ),
    ("error.html", include_str!("../../theme/error.html")),
    ("failure.html", include_str!("../../theme/failure.html")),
    ("file.html", include_str!("../../theme/file.html")),
    ("fold.html", include_str!("../../theme/fold.html")),
    ("overview.html", include_str!("../../theme/overview.html")),
    ("terminal.html", include_str!("../../theme/terminal.html")),
    (
        "unavailable.html",
        include_str!("../../theme/unavailable.html"),
    ),
];

/// A template that can't be read or filled in; says which and where.
#[derive(Debug, thiserror::Error)]
#[error("theme/twin/{name}: {message}")]
pub struct TemplateError {
    /// The template.
    pub name: String,
    /// What tera says.
    pub message: String,
}

/// All templates, parsed.
pub(super) struct Templates(Tera);

impl Templates {
    /// The defaults, with `overrides` (name and text) in their stead.
    pub(super) fn new(overrides: &[(String, String)]) -> Result<Self, TemplateError> {
        let mut tera = Tera::default();
        tera.set_escape_fn(escape::html);
        let all = DEFAULTS.iter().map(|(name, text)| {
            let own = overrides.iter().find(|(own, _)| own == name);
            (*name, own.map_or(*text, |(_, text)| text.as_str()))
        });
        tera.add_raw_templates(all).map_err(|error| TemplateError {
            name: overrides
                .iter()
                .map(|(name, _)| name.as_str())
                .find(|name| error.to_string().contains(*name))
                .unwrap_or("*.html")
                .to_owned(),
            message: error.to_string(),
        })?;
        Ok(Self(tera))
    }

    /// One block of HTML: a single line that begins with a tag.
    pub(super) fn fill(&self, name: &str, view: &impl Serialize) -> Result<String, TemplateError> {
        let failed = |error: tera::Error| TemplateError {
            name: name.to_owned(),
            message: error.to_string(),
        };
        let context = Context::from_serialize(view).map_err(failed)?;
        Ok(one_line(&self.0.render(name, &context).map_err(failed)?))
    }
}

/// The line breaks of a template are layout: none between two tags, else one space. Captured text has none left.
fn one_line(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut lines = html
        .split('\n')
        .map(str::trim)
        .filter(|line| !line.is_empty());
    // Only the ends of a template's lines are trimmed, so a text's own leading blanks stay where it is in a line.
    if let Some(first) = lines.next() {
        out.push_str(first);
    }
    for line in lines {
        if !(out.ends_with('>') && line.starts_with('<')) {
            out.push(' ');
        }
        out.push_str(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_may_be_laid_out_with_blank_lines() {
        assert_eq!(
            one_line("<p>\n\n  <b>x</b>\n  y\n</p>\n"),
            "<p><b>x</b> y </p>"
        );
    }
}
