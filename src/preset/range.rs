//! Checks of single values against their ranges.

use crate::preset::error::PresetError;
use crate::preset::keys::allowed;
use crate::preset::read::shown;
use std::ops::RangeInclusive;
use toml::Value;

pub(crate) fn refuse<T>(key: &str, value: impl Into<Value>) -> Result<T, PresetError> {
    Err(PresetError::Value { key: key.into(), value: shown(&value.into()), allowed: allowed(key).into() })
}

pub(crate) fn whole(key: &str, value: usize, range: RangeInclusive<usize>) -> Result<(), PresetError> {
    if range.contains(&value) { Ok(()) } else { refuse(key, i64::try_from(value).unwrap_or(i64::MAX)) }
}

pub(crate) fn number(key: &str, value: f64, is_allowed: bool) -> Result<(), PresetError> {
    if is_allowed { Ok(()) } else { refuse(key, value) }
}

pub(crate) fn misplaced<T>(key: &str, value: impl Into<Value>, why: &str) -> Result<T, PresetError> {
    Err(PresetError::Misplaced { key: key.into(), value: shown(&value.into()), why: why.into() })
}

pub(crate) fn integer(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
