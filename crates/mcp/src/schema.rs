//! JSON schemas that every client accepts: inlined, without null unions, combinators or number formats.

use rmcp::model::JsonObject;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

/// The schema of a tool's arguments. Nothing but the named properties is allowed.
pub(crate) fn input_of<T: JsonSchema>() -> JsonObject {
    let mut schema = generate::<T>(plain().for_deserialize());
    schema.entry("properties").or_insert_with(|| json!({}));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

/// The schema of a tool's answer, as short as it can be.
pub(crate) fn output_of<T: JsonSchema>() -> JsonObject {
    let mut schema = generate::<T>(plain().for_serialize());
    shorten(&mut schema);
    // below the first level, what is always there is not worth its tokens
    each_child(&mut schema, forget_required);
    schema
}

fn plain() -> SchemaSettings {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    settings
}

fn generate<T: JsonSchema>(settings: SchemaSettings) -> JsonObject {
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let mut object = schema.as_object().cloned().unwrap_or_default();
    object.remove("description");
    clean(&mut object);
    object
}

/// Calls `visit` for every schema directly below `schema`.
fn each_child(schema: &mut JsonObject, visit: fn(&mut JsonObject)) {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for value in properties.values_mut() {
            if let Value::Object(child) = value {
                visit(child);
            }
        }
    }
    if let Some(Value::Object(items)) = schema.get_mut("items") {
        visit(items);
    }
}

fn clean(schema: &mut JsonObject) {
    for word in ["$schema", "title", "format"] {
        schema.remove(word);
    }
    // `Option<T>` becomes `anyOf [T, null]` where `T` has no simple type.
    if let Some(Value::Array(choices)) = schema.get("anyOf") {
        let mut real = choices.iter().filter(|choice| choice.get("type") != Some(&json!("null")));
        if let (Some(Value::Object(only)), None) = (real.next().cloned(), real.next()) {
            schema.remove("anyOf");
            for (word, value) in only {
                schema.entry(word).or_insert(value);
            }
        }
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    // what says no more than that the argument may be left out
    if schema.get("default").is_some_and(|value| value.is_null() || *value == "" || *value == false) {
        schema.remove("default");
    }
    if schema.get("minimum") == Some(&json!(0)) {
        schema.remove("minimum");
    }
    each_child(schema, clean);
}

/// Takes out what only a validator of our own answers would need.
fn shorten(schema: &mut JsonObject) {
    for word in ["minimum", "maximum", "description", "default", "additionalProperties"] {
        schema.remove(word);
    }
    each_child(schema, shorten);
}

fn forget_required(schema: &mut JsonObject) {
    schema.remove("required");
    each_child(schema, forget_required);
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[derive(Serialize, JsonSchema)]
    struct Inner {
        format: Option<u32>,
    }

    #[derive(Serialize, JsonSchema)]
    struct Outer {
        title: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        inner: Option<Inner>,
    }

    #[test]
    fn properties_that_are_named_like_keywords_stay_and_null_unions_go() {
        let schema = Value::Object(output_of::<Outer>());
        assert_eq!(schema["properties"]["title"]["type"], "string");
        assert_eq!(schema["properties"]["inner"]["type"], "object");
        assert_eq!(schema["properties"]["inner"]["properties"]["format"], json!({"type": "integer"}));
        assert_eq!(schema["required"], json!(["title"]));
    }
}
