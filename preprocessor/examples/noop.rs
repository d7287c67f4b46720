//! A preprocessor that does nothing, written the way mdBook's guide shows it: the floor for `benches/preprocessor`.

use std::io;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (_, book) = mdbook_preprocessor::parse_input(io::stdin())?;
    serde_json::to_writer(io::stdout(), &book)?;
    Ok(())
}
