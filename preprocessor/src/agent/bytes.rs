//! Bytes as a JSON string: one character for each byte, U+0000 to U+00FF.
//!
//! Text stays as it is, which is most of what a person types and sees; base64 would make all of it a third longer.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// For `#[serde(with)]`.
pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
    text.serialize(serializer)
}

/// For `#[serde(with)]`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let byte =
        |c: char| u8::try_from(c).map_err(|_| D::Error::custom("a character that is no byte"));
    text.chars().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::super::protocol::Request;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        let json = serde_json::to_string(&Request::Input { bytes: all.clone() }).unwrap();
        let Ok(Request::Input { bytes }) = serde_json::from_str(&json) else {
            panic!("{json}")
        };
        assert_eq!(bytes, all);
        assert!(serde_json::from_str::<Request>("{\"input\":{\"bytes\":\"ł\"}}").is_err());
    }
}
