//! Checks of single values against their ranges.

use crate::preset::allowed::Range;
use crate::preset::error::PresetError;
use crate::preset::keys::{allowed, range};
use crate::preset::read::shown;
use toml::Value;

pub(crate) fn refuse<T>(key: &str, value: impl Into<Value>) -> Result<T, PresetError> {
    Err(PresetError::Value { key: key.into(), value: shown(&value.into()), allowed: allowed(key) })
}

/// Rejects an integer outside the declared range of its key.
pub(crate) fn whole(key: &str, value: usize) -> Result<(), PresetError> {
    require(key, integer(value), declared(key).has_whole(value))
}

/// Rejects a real number outside the declared range of its key.
pub(crate) fn number(key: &str, value: f64) -> Result<(), PresetError> {
    require(key, value, declared(key).has_real(value))
}

/// Rejects a list if its length or one of its numbers is outside the declared range of its key.
pub(crate) fn wholes(key: &str, values: &[usize]) -> Result<(), PresetError> {
    let range = declared(key);
    let holds = range.has_length(values.len()) && values.iter().all(|&value| range.has_whole(value));
    require(key, integers(values), holds)
}

/// Rejects a list if its length is outside the declared range of its key, or if one of its numbers is not
/// finite.
pub(crate) fn reals(key: &str, values: &[f64]) -> Result<(), PresetError> {
    let holds = declared(key).has_length(values.len()) && values.iter().all(|value| value.is_finite());
    require(key, Value::Array(values.iter().map(|&value| value.into()).collect()), holds)
}

/// Rejects a value unless a condition that involves several keys holds.
pub(crate) fn require(key: &str, value: impl Into<Value>, holds: bool) -> Result<(), PresetError> {
    if holds { Ok(()) } else { refuse(key, value) }
}

fn declared(key: &str) -> &'static Range {
    range(key).unwrap_or_else(|| panic!("{key} is not declared in keys.rs"))
}

/// A list of integers as TOML.
pub(crate) fn integers(values: &[usize]) -> Value {
    Value::Array(values.iter().map(|&value| integer(value).into()).collect())
}

pub(crate) fn misplaced<T>(key: &str, value: impl Into<Value>, why: &str) -> Result<T, PresetError> {
    Err(PresetError::Misplaced { key: key.into(), value: shown(&value.into()), why: why.into() })
}

pub(crate) fn integer(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
