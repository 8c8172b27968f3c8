//! The scalar type of a computation: `f32` or `f64`.

use std::fmt::{Debug, Display};
use std::iter::Sum;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::kernel::elementary::Elementary;

/// A floating-point type. All computations of the crate are generic over it.
pub trait Real:
    num_traits::Float
    + num_traits::NumAssign
    + Elementary
    + Sum
    + Default
    + Serialize
    + DeserializeOwned
    + Debug
    + Display
    + Send
    + Sync
    + 'static
{
    /// Rounds to the nearest value of this type.
    fn of(x: f64) -> Self;
    /// Converts to f64 exactly.
    fn widen(self) -> f64;
}

impl Real for f32 {
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what this does")]
    fn of(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    #[inline(always)]
    fn of(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }
}
