//! The JSON Schema of a spec, from the types that read it: editors complete and check specs by it.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::Value;

use super::spec::SpecKeys;

/// `tutorials/tutorial.schema.json`, as it is committed; ends in a newline.
pub fn schema() -> String {
    // Draft 7 is what the YAML language servers of today know best.
    let settings = SchemaSettings::draft07().with_transform(WithoutNull);
    let mut schema = settings.into_generator().into_root_schema_for::<SpecKeys>();
    schema.insert("title".to_owned(), "mdbook-twin tutorial".into());
    // A schema of strings, numbers and maps with string keys is always JSON.
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

/// Keys that may be left out are optional fields in Rust, which schemars takes for values that may be `null`; a spec
/// has no `null`.
#[derive(Clone, Debug)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut schemars::Schema) {
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                schema.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
            choices.retain(|choice| choice.get("type") != Some(&Value::from("null")));
            // draft 7 ignores what stands beside `$ref`, so a single choice stays in its list.
        }
        if let Some(Value::Array(values)) = schema.get_mut("enum") {
            values.retain(|value| !value.is_null());
        }
        transform_subschemas(self, schema);
    }
}
